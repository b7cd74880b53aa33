/** Runs tasks of one key one after the other, and those of all keys side by side. */
export interface Lanes {
  /** Settles as the task does. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** Holds no more than the tasks that are not settled. */
export function createLanes(): Lanes {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = last.get(key) ?? Promise.resolve();
      const done = before.then(task, task);
      const settled = done.then(
        () => undefined,
        () => undefined,
      );
      last.set(key, settled);
      void settled.then(() => {
        if (last.get(key) === settled) last.delete(key);
      });
      return done;
    },
  };
}

/** Lets so many in at once, in the order they came. */
export interface Gate {
  /** Resolves with what lets the next one in. */
  enter(): Promise<() => void>;
}

export function createGate(limit: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) inside--;
    else next();
  };
  return {
    async enter() {
      if (inside < limit) inside++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isInside = true;
      return () => {
        if (isInside) leave();
        isInside = false;
      };
    },
  };
}
