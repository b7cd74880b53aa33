import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { PipelineError } from '../../models/domain/errors';
import type { TensorInfo } from '../../models/efficientvit/signature';
import { forkProgram } from '../local/fork-program';
import { createStderrTail } from '../local/stderr-tail';
import { answerSchema } from './inspect-protocol';
import type { Answer, Question } from './inspect-protocol';

/** An ONNX file that was opened in a process of its own. */
export interface Inspection extends Omit<Extract<Answer, { kind: 'opened' }>, 'kind'> {
  /** Runs the graph on zeros of a shape; gives its outputs with all their dimensions. Rejects with PipelineError `model`. */
  tryShape(input: TensorInfo): Promise<readonly TensorInfo[]>;
  /** Ends the process; to be called once nothing more is asked. */
  close(): void;
}

/** What an ONNX file can hold at most, and what can be read in one piece. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Opens an ONNX file in a child process, since onnxruntime blocks its thread while it loads and may crash over a file that
 * nobody vouches for. Each answer is waited for `timeoutMs`. Rejects with PipelineError `model` that names the file when it is no
 * ONNX model, or one that cannot be loaded from this one file.
 */
export async function inspectGraph(path: string, { timeoutMs = 120_000 } = {}): Promise<Inspection> {
  await checkFile(path);
  const child = forkProgram('inspect');
  const stderr = createStderrTail(child.stderr);
  child.stdio[4]?.on('error', () => undefined);
  const close = () => void child.kill('SIGKILL');
  const endOf = (code: number | null, killedBy: string | null) => `its end (${killedBy ?? code})`;
  const lost = (how: string) =>
    new PipelineError('model', `${path}: expected what the graph is, got ${how}${stderr.sentence()}`);

  async function ask(question: Question): Promise<Answer> {
    // Between two questions a person may be asked, for as long as that takes.
    if (child.exitCode !== null || child.signalCode !== null)
      throw lost(endOf(child.exitCode, child.signalCode));
    const done = new AbortController();
    const { signal } = done;
    const timer = setTimeout(close, timeoutMs);
    try {
      child.send(question, () => undefined);
      const ended = once(child, 'exit', { signal }).then(([code, killedBy]) => {
        throw lost(
          child.killed
            ? `nothing for ${timeoutMs / 1000} s`
            : endOf(code as number | null, killedBy as string | null),
        );
      });
      const answered = once(child, 'message', { signal }).then(([message]) => answerSchema.parse(message));
      // The one that does not come is aborted.
      for (const one of [ended, answered]) one.catch(() => undefined);
      const answer = await Promise.race([answered, ended]);
      if (answer.kind === 'failed') throw new PipelineError('model', `${path}: ${answer.message}`);
      return answer;
    } finally {
      clearTimeout(timer);
      done.abort();
    }
  }

  try {
    const opened = await ask({ kind: 'open', path });
    if (opened.kind !== 'opened') throw new Error(`inspecting process: expected opened, got ${opened.kind}`);
    const { kind: _kind, ...known } = opened;
    return {
      ...known,
      async tryShape({ name, type, shape }) {
        const tried = await ask({ kind: 'try', input: { name, type, shape: [...shape] } });
        if (tried.kind !== 'tried') throw new Error(`inspecting process: expected tried, got ${tried.kind}`);
        return tried.outputs;
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

async function checkFile(path: string): Promise<void> {
  const refuse = (got: string) => new PipelineError('model', `${path}: expected an ONNX model, got ${got}`);
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) throw refuse('no such file');
  if (!entry.isFile()) throw refuse(entry.isDirectory() ? 'a folder' : 'a device');
  if (entry.size === 0) throw refuse('an empty file');
  if (entry.size > MOST_BYTES)
    throw refuse(`${entry.size} bytes, more than the ${MOST_BYTES} that such a file can have`);
}
