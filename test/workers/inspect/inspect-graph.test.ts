import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGraphFacts } from '../../../models/onnx/graph-facts';
import { inspectGraph } from '../../../workers/inspect/inspect-graph';
import { MODEL, WEIGHTS, draftOf } from '../../models/efficientvit/support';
import { graphPath } from '../../models/efficientvit/foreign';
import { descendantsOf } from '../../support/processes';
import { tempFolder } from '../../support/temp-folder';
import { waitFor } from '../../support/wait-for';

describe('inspectGraph', () => {
  const folder = tempFolder();
  const put = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('tells signature, hash and metadata, and the outputs of a run', async () => {
    const graph = await inspectGraph(graphPath('yolov8-dynamic'));
    expect(graph.bytes).toBe(readFileSync(graphPath('yolov8-dynamic')).length);
    expect(graph.signature.inputs).toEqual([
      { name: 'images', type: 'float32', shape: ['batch', 3, 'height', 'width'] },
    ]);
    expect(graph.facts.metadata).toMatchObject({ task: 'detect', imgsz: '[32, 64]' });
    const [input] = graph.signature.inputs;
    expect(await graph.tryShape({ ...input!, shape: [2, 3, 32, 64] })).toEqual([
      { name: 'output0', type: 'float32', shape: [2, 7, 42] },
    ]);
    await expect(graph.tryShape({ ...input!, shape: [1, 3, 64, 64] })).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(/dynamic\.onnx: expected a run on float32\[1, 3, 64, 64\], got /),
    });
    graph.close();
  });

  it('reads a bundled model, whose outputs leave dimensions open', async () => {
    const graph = await inspectGraph(join(WEIGHTS, `${MODEL}.onnx`));
    expect(graph.sha256).toBe(draftOf(MODEL).sha256);
    expect(graph.facts).toEqual({
      producer: expect.stringMatching(/^pytorch /),
      metadata: {},
      hasExternalData: false,
    });
    graph.close();
  });

  it.each<[string, () => string, RegExp]>([
    [
      'no file',
      () => join(folder, 'nowhere.onnx'),
      /nowhere\.onnx: expected an ONNX model, got no such file/,
    ],
    ['a folder', () => folder, /expected an ONNX model, got a folder/],
    ['an empty file', () => put('empty.onnx', ''), /empty\.onnx: expected an ONNX model, got an empty file/],
    [
      'a text',
      () => put('text.onnx', 'this is no model, but a text\n'),
      /got 29 bytes that are none or were/,
    ],
    [
      'a file that was cut off',
      () => put('cut.onnx', readFileSync(graphPath('yolov8')).subarray(0, 900)),
      /cut\.onnx: expected an ONNX model, got 900 bytes that are none or were cut off \(premature EOF\)/,
    ],
    [
      'more than such a file can hold',
      () => {
        const path = put('huge.onnx', 'x');
        truncateSync(path, 2 ** 31);
        return path;
      },
      /huge\.onnx: expected an ONNX model, got 2147483648 bytes, more than the 2147483647/,
    ],
    [
      'weights in other files',
      () => graphPath('external'),
      /external\.onnx: expected one file that holds its weights, got a graph whose weights lie in files beside/,
    ],
  ])('refuses %s', async (_what, path, message) => {
    await expect(inspectGraph(path())).rejects.toMatchObject({
      code: 'model',
      message: expect.stringMatching(message),
    });
  });

  it('says of a size that no memory holds what was tried', async () => {
    const graph = await inspectGraph(graphPath('yolov8-dynamic'));
    const [input] = graph.signature.inputs;
    await expect(graph.tryShape({ ...input!, shape: [1, 3, 100_000, 100_000] })).rejects.toThrow(
      /dynamic\.onnx: expected a run on float32\[1, 3, 100000, 100000\], got Invalid typed array length/,
    );
    graph.close();
  });

  it('says so when the process ended between two questions', async () => {
    const graph = await inspectGraph(graphPath('yolov8'));
    const child = descendantsOf().find(({ command }) => command.includes('/inspect/main'))!;
    process.kill(child.pid, 'SIGKILL');
    await waitFor(() => descendantsOf().every(({ pid }) => pid !== child.pid), { what: 'its end' });
    await expect(graph.tryShape(graph.signature.inputs[0]!)).rejects.toThrow(
      /yolov8\.onnx: expected what the graph is, got its end \(SIGKILL\)/,
    );
    graph.close();
  });

  it('gives up on a process that does not answer', async () => {
    await expect(inspectGraph(graphPath('yolov8'), { timeoutMs: 1 })).rejects.toThrow(
      /yolov8\.onnx: expected what the graph is, got nothing for 0\.001 s/,
    );
  });
});

describe('readGraphFacts', () => {
  it('finds weights in other files', () => {
    const facts = (name: string) => readGraphFacts(readFileSync(graphPath(name)));
    expect([facts('external').hasExternalData, facts('yolov8').hasExternalData]).toEqual([true, false]);
  });

  it('refuses bytes that happen to be messages of another kind', () => {
    expect(() => readGraphFacts(new Uint8Array([0x50, 0x01]))).toThrow('no version and no graph in it');
  });
});
