import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inputPlace } from '../../config/camera-input';
import type { Config } from '../../config/schema';
import { UsageError } from './usage';

/**
 * An output may replace neither an input nor another output, whatever links lead to it. Checked on the configuration that
 * runs, with its flags laid over it. Throws a UsageError that names the path.
 */
export function checkOutputPaths({
  cameras,
  events,
  bridges,
}: Pick<Config, 'cameras' | 'events' | 'bridges'>): void {
  const taken = new Map(
    Object.values(cameras).map(({ url }) => [placeOf(inputPlace(url).location), 'an input']),
  );
  const annotated = Object.values(cameras).flatMap(({ annotate }) => annotate ?? []);
  const files = events.flatMap((sink) => (sink.type === 'jsonl' && sink.path !== '-' ? [sink.path] : []));
  const bridged = Object.values(bridges).flatMap((bridge) => (bridge.type === 'jsonl' ? [bridge.path] : []));
  for (const path of [...annotated, ...files, ...bridged]) {
    const place = placeOf(path);
    const user = taken.get(place);
    if (user !== undefined) throw new UsageError(`${path}: expected a file of its own to write, got ${user}`);
    taken.set(place, 'another output');
  }
}

/** Where a path leads in the end; of a file that is not there yet, its folder's place and its name. */
export function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there: what counts is where it will be.
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}
