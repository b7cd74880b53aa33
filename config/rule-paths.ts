import type { ConfigPath } from './config-error';
import { keysOf, valueAt } from './schema-tree';

/** Where the zones and lines of a camera stand, in a configuration that may be wrong. */
function placesOf(config: unknown, camera: string): readonly ConfigPath[] {
  return ['zones', 'lines'].flatMap((kind) =>
    keysOf(valueAt(config, ['cameras', camera, kind])).map((name) => ['cameras', camera, kind, name]),
  );
}

/** Where the rules of a camera may name labels. */
export function ruleLabelPaths(config: unknown, camera: string): readonly ConfigPath[] {
  const places = placesOf(config, camera).map((path) => [...path, 'labels']);
  return [...places, ['cameras', camera, 'stationary', 'labels']];
}

/** Where the schedules of a camera's rules may name days. */
export function ruleDayPaths(config: unknown, camera: string): readonly ConfigPath[] {
  return placesOf(config, camera).flatMap((path) => {
    const times = [...path, 'schedule', 'times'];
    const list = valueAt(config, times);
    return Array.isArray(list) ? list.map((_time, index) => [...times, index, 'days']) : [];
  });
}
