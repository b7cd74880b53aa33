import { createInterface } from 'node:readline/promises';
import { UsageError } from './usage';

/** Asks a person, on a terminal. */
export interface Asker {
  /** False: nobody is there, or wants to be asked. */
  readonly isThere: boolean;
  /**
   * Asks until `check` takes the answer; what it throws of UsageErrors is shown, and the question put again. Rejects with a
   * UsageError when nobody answers any more.
   */
  ask<T>(question: string, check: (answer: string) => T | Promise<T>): Promise<T>;
  close(): void;
}

/** Over standard input and standard error. */
export function createAsker(wantsQuestions: boolean): Asker {
  const isThere = wantsQuestions && process.stdin.isTTY && process.stderr.isTTY;
  const lines = isThere ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  // Of a closed terminal `question` tells nothing, it just never ends.
  const over = new AbortController();
  lines?.on('close', () => over.abort());
  lines?.on('SIGINT', () => {
    lines.close();
    // A terminal that is asked on sends no signal: what goes on between two questions is told by this alone.
    process.emit('SIGINT');
  });

  return {
    isThere,
    async ask(question, check) {
      for (;;) {
        if (lines === undefined || over.signal.aborted)
          throw new UsageError(`${question} expected an answer, got none`);
        const answer = await lines.question(`${question} `, { signal: over.signal }).catch(() => undefined);
        if (answer === undefined) continue;
        try {
          return await check(answer.trim());
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          process.stderr.write(`${error.message}\n`);
        }
      }
    },
    close: () => lines?.close(),
  };
}
