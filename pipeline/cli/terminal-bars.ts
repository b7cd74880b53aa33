import { MultiBar } from 'cli-progress';
import type { SingleBar } from 'cli-progress';

/** Bars at the foot of a terminal, and the way for other lines to pass them. */
export interface TerminalBars {
  create(total: number, value: number, payload: object, options: { readonly format: string }): SingleBar;
  /** Prints a whole line above the bars. */
  line(text: string): void;
  /** May be called again. */
  close(): void;
}

/** A line may wrap, which the bars may not, and covers all of the bar that stood in its place. */
const bracketed = (text: string) => `\x1b[?7h${text}\x1b[?7l\x1b[0K\n`;

/** Bars on a terminal, closed at the process' end at the latest. */
export function openBars(stream: NodeJS.WriteStream): TerminalBars {
  const bars = new MultiBar({
    stream,
    hideCursor: true,
    clearOnComplete: false,
    fps: 10,
    forceRedraw: true,
    emptyOnZero: true,
    // It would end the bars at Ctrl-C, while what was begun is still being finished.
    gracefulExit: false,
  });

  function close(): void {
    process.off('exit', close);
    // Stopped again, the bars would be drawn once more, over what was printed since.
    if (!bars.isActive) return;
    // Draws the lines that wait, which stop() would lose.
    bars.update();
    bars.stop();
  }

  // A second Ctrl-C leaves the cursor as it found it.
  process.once('exit', close);
  return {
    create: (total, value, payload, options) => bars.create(total, value, payload, options),
    line(text) {
      if (bars.isActive) bars.log(bracketed(text));
      else stream.write(`${text}\n`);
    },
    close,
  };
}
