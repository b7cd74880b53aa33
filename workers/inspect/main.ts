/**
 * The program of an inspecting process: opens an ONNX file that nothing is known of, which may take long, block or crash. It
 * lives as long as its parent holds the IPC channel.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PipelineError, toError, toPipelineError } from '../../models/domain/errors';
import { redact } from '../../models/domain/redact';
import { openUnknownGraph } from '../../models/efficientvit/session';
import type { UnknownGraph } from '../../models/efficientvit/session';
import { readGraphFacts } from '../../models/onnx/graph-facts';
import type { GraphFacts } from '../../models/onnx/graph-facts';
import { guardAgainstOrphanhood } from '../inference/parent-guard';
import { GUARD_FD } from '../inference/protocol';
import { questionSchema } from './inspect-protocol';
import type { Answer, Question } from './inspect-protocol';

let graph: UnknownGraph | undefined;

async function answer(question: Question): Promise<Answer> {
  if (question.kind === 'open') {
    const bytes = await readFile(question.path);
    const facts = factsOf(bytes);
    if (facts.hasExternalData) {
      throw new PipelineError(
        'model',
        'expected one file that holds its weights, got a graph whose weights lie in files beside it; ' +
          'save it as one file (Python: onnx.save(onnx.load(path), "whole.onnx"))',
      );
    }
    graph = await openUnknownGraph(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { inputs, outputs } = graph.signature;
    const signature = { inputs: inputs.map(plain), outputs: outputs.map(plain) };
    return { kind: 'opened', sha256, bytes: bytes.length, facts, signature };
  }
  if (graph === undefined) throw new Error('inspecting process: expected open first, got try');
  return { kind: 'tried', outputs: (await graph.tryShape(question.input)).map(plain) };
}

const plain = ({
  name,
  type,
  shape,
}: {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}) => ({
  name,
  type,
  shape: [...shape],
});

function factsOf(bytes: Uint8Array): GraphFacts {
  try {
    return readGraphFacts(bytes);
  } catch (cause) {
    throw new PipelineError(
      'model',
      `expected an ONNX model, got ${bytes.length} bytes that are none or were cut off (${toError(cause).message})`,
      { cause },
    );
  }
}

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.once('disconnect', end);
if (!process.connected) end();
guardAgainstOrphanhood(GUARD_FD);

process.on('message', (message) => {
  void (async () => {
    const reply = await answer(questionSchema.parse(message)).catch((error: unknown): Answer => ({
      kind: 'failed',
      message: redact(toPipelineError(error, 'model').detail),
    }));
    process.send?.(reply);
  })();
});
