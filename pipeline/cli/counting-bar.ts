import { openBars } from './terminal-bars';

/** How far a count has come, and the way for other lines to pass it. */
export interface CountingBar {
  /** One more is done. */
  tick(): void;
  /** Prints a whole line above the bar. */
  line(text: string): void;
  /** May be called again. */
  close(): void;
}

/** A bar on a terminal; elsewhere only lines. `what` is counted, in the plural. */
export function createCountingBar(stream: NodeJS.WriteStream, total: number, what: string): CountingBar {
  if (!stream.isTTY) {
    return { tick: () => undefined, line: (text) => void stream.write(`${text}\n`), close: () => undefined };
  }
  const bars = openBars(stream);
  const bar = bars.create(
    total,
    0,
    {},
    { format: `[{bar}] {value} of {total} ${what} | {eta_formatted} left` },
  );
  return {
    tick: () => bar.increment(),
    line: (text) => bars.line(text),
    close() {
      bar.stop();
      bars.close();
    },
  };
}
