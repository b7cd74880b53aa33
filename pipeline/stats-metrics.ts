import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Makes metrics whose values are read from one snapshot of numbers whenever somebody asks. */
export interface StatsMetrics<T> {
  readonly gauge: (name: string, help: string, value: (stats: T) => number) => void;
  readonly counter: (name: string, help: string, value: (stats: T) => number) => void;
  /** A counter with one label, a value for each of its values. */
  readonly counters: (
    name: string,
    help: string,
    label: string,
    values: (stats: T) => Readonly<Record<string, number>>,
  ) => void;
}

/** Metrics of the given registry over the given numbers. */
export function createStatsMetrics<T>(registry: Registry, stats: () => T): StatsMetrics<T> {
  const registers = [registry];
  return {
    gauge(name, help, value) {
      new Gauge({
        ...{ name, help, registers },
        collect() {
          this.set(value(stats()));
        },
      });
    },
    counter(name, help, value) {
      new Counter({
        ...{ name, help, registers },
        collect() {
          this.reset();
          this.inc(value(stats()));
        },
      });
    },
    counters(name, help, label, values) {
      new Counter({
        ...{ name, help, registers, labelNames: [label] },
        collect() {
          this.reset();
          for (const [key, value] of Object.entries(values(stats()))) this.inc({ [label]: key }, value);
        },
      });
    },
  };
}
