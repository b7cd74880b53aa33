import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  DescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { z } from 'zod';

/** What an ONNX file says of itself beside its graph. */
export interface GraphFacts {
  /** `metadata_props`, as its exporter wrote them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name and version of what made the file; may be empty. */
  readonly producer: string;
  /** True when constants lie in other files. */
  readonly hasExternalData: boolean;
}

/** Fields of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that are read here; all others are skipped. */
const MESSAGES: Readonly<
  Record<string, readonly (readonly [string, number, 'text' | 'int' | `${string}[]`])[]>
> = {
  ModelProto: [
    ['ir_version', 1, 'int'],
    ['producer_name', 2, 'text'],
    ['producer_version', 3, 'text'],
    ['graph', 7, 'GraphProto[]'],
    ['metadata_props', 14, 'StringStringEntryProto[]'],
  ],
  StringStringEntryProto: [
    ['key', 1, 'text'],
    ['value', 2, 'text'],
  ],
  GraphProto: [
    ['node', 1, 'NodeProto[]'],
    ['initializer', 5, 'TensorProto[]'],
  ],
  NodeProto: [['attribute', 5, 'AttributeProto[]']],
  AttributeProto: [['t', 5, 'TensorProto[]']],
  TensorProto: [['data_location', 14, 'int']],
};

const EXTERNAL = 1;

const file = create(FileDescriptorProtoSchema, {
  name: 'onnx.proto',
  package: 'onnx',
  syntax: 'proto3',
  messageType: Object.entries(MESSAGES).map(([name, fields]) =>
    create(DescriptorProtoSchema, {
      name,
      field: fields.map(([field, number, kind]) =>
        create(FieldDescriptorProtoSchema, {
          name: field,
          number,
          // A field that comes once reads as a list of one.
          label: kind.endsWith('[]') ? Label.REPEATED : Label.OPTIONAL,
          type: kind === 'text' ? Type.STRING : kind === 'int' ? Type.INT32 : Type.MESSAGE,
          ...(kind.endsWith('[]') && { typeName: `.onnx.${kind.slice(0, -2)}` }),
        }),
      ),
    }),
  ),
});
const modelProto = createFileRegistry(file, () => undefined).getMessage('onnx.ModelProto')!;

const tensor = z.object({ dataLocation: z.number() });
const model = z.object({
  irVersion: z.number(),
  producerName: z.string(),
  producerVersion: z.string(),
  metadataProps: z.array(z.object({ key: z.string(), value: z.string() })),
  graph: z.array(
    z.object({
      initializer: z.array(tensor),
      node: z.array(z.object({ attribute: z.array(z.object({ t: z.array(tensor) })) })),
    }),
  ),
});

/** Reads an ONNX file's bytes. Throws an Error that says what is wrong with bytes that are no whole ONNX model. */
export function readGraphFacts(bytes: Uint8Array): GraphFacts {
  const message = fromBinary(modelProto, bytes, { readUnknownFields: false });
  const { irVersion, producerName, producerVersion, metadataProps, graph } = model.parse(message);
  if (irVersion < 1 || graph.length === 0) throw new Error('no version and no graph in it');
  const tensors = graph.flatMap(({ initializer, node }) => [
    ...initializer,
    ...node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t)),
  ]);
  return {
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    producer: `${producerName} ${producerVersion}`.trim(),
    hasExternalData: tensors.some(({ dataLocation }) => dataLocation === EXTERNAL),
  };
}
