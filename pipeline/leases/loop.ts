export interface LoopOptions {
  /** One turn; must not reject. */
  readonly turn: () => Promise<void>;
  /** Milliseconds from the end of a turn to the next, asked after each. */
  readonly pauseMs: () => number;
}

/** Something done again and again, never twice at once. */
export interface Loop {
  /** Begins with a turn. Call once. */
  start(): void;
  /** Ends the pause; during a turn, leaves out the one that would follow. */
  wake(): void;
  /** No further turn; resolves when the present one is over. */
  end(): Promise<void>;
}

/** A loop that stands still. */
export function createLoop({ turn, pauseMs }: LoopOptions): Loop {
  let running: Promise<void> | undefined;
  let isEnded = false;
  let isWoken = false;
  let endPause: (() => void) | undefined;

  async function pause(): Promise<void> {
    if (!isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs());
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    endPause = undefined;
    isWoken = false;
  }

  async function run(): Promise<void> {
    while (!isEnded) {
      await turn();
      await pause();
    }
  }

  function wake(): void {
    isWoken = true;
    endPause?.();
  }

  return {
    start() {
      running ??= run();
    },
    wake,
    async end() {
      isEnded = true;
      wake();
      await running;
    },
  };
}
