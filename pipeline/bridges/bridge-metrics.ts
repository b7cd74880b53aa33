import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Bridge } from './bridge';

/** Exports what bridges did, where there are any. */
export function watchBridges(registry: Registry, bridges: readonly Bridge[]): void {
  if (bridges.length === 0) return;
  const registers = [registry];
  new Counter({
    name: 'sightline_bridge_events_total',
    help: 'Events of a bridge and what became of each: delivered, refused (a dead letter), missed (trimmed before it was read).',
    labelNames: ['bridge', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const bridge of bridges) {
        const { delivered, refused, missed } = bridge.stats();
        for (const [outcome, count] of Object.entries({ delivered, refused, missed }))
          this.inc({ bridge: bridge.name, outcome }, count);
      }
    },
  });
  new Gauge({
    name: 'sightline_bridge_in_flight',
    help: 'Events of a bridge that were read and not dealt with yet.',
    labelNames: ['bridge'],
    registers,
    collect() {
      for (const bridge of bridges) this.set({ bridge: bridge.name }, bridge.stats().inFlight);
    },
  });
  new Gauge({
    name: 'sightline_bridge_active',
    help: 'Whether this process runs the bridge (1) or stands by (0).',
    labelNames: ['bridge'],
    registers,
    collect() {
      for (const bridge of bridges) this.set({ bridge: bridge.name }, bridge.stats().isActive ? 1 : 0);
    },
  });
}
