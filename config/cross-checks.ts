import { resolve } from 'node:path';
import type { ConfigFault, ConfigPath } from './config-error';
import { filePathOf, schemeOf } from './camera-input';
import { faultsAt } from './issue-faults';
import type { FaultContext } from './issue-faults';
import { keysOf, memberOf, valueAt } from './schema-tree';

/** What only holds between several values. Works on values as written, so that it finds these faults beside others. */
export function crossCheck(context: FaultContext, baseFolder: string): ConfigFault[] {
  const cameras = keysOf(memberOf(context.value, 'cameras'));
  return [
    ...cameras.flatMap((id) => cameraFaults(['cameras', id], context)),
    ...outputFaults(cameras, context, baseFolder),
    ...repeatedItems([...cameras.map((id) => ['cameras', id, 'labels']), ['model', 'providers']], context),
  ];
}

const NOT_FOR_RTSP = 'no value for an RTSP camera (files only)';

function cameraFaults(path: ConfigPath, context: FaultContext): ConfigFault[] {
  const camera = valueAt(context.value, path);
  const url = memberOf(camera, 'url');
  if (typeof url !== 'string') return [];
  const isFile = (schemeOf(url) ?? 'file') === 'file';
  const isLooping = memberOf(camera, 'loop') === true;
  const isTrue = (key: string) => memberOf(camera, key) === true;
  const faults: ConfigFault[] = [];
  const fault = (key: string, expected: string) =>
    faults.push(...faultsAt([...path, key], expected, context));
  if (!isFile && isLooping) fault('loop', NOT_FOR_RTSP);
  if (!isFile && isTrue('realTime')) fault('realTime', NOT_FOR_RTSP);
  if (!isFile && memberOf(camera, 'startTime') !== undefined) fault('startTime', NOT_FOR_RTSP);
  if (isFile && isLooping && memberOf(camera, 'realTime') === false)
    fault('realTime', 'true or no value beside "loop: true"');
  if (isFile && isLooping && memberOf(camera, 'startTime') !== undefined)
    fault('startTime', 'no value beside "loop: true"');
  return faults;
}

/** Two writers of one file would destroy each other's work, and an output must not replace its input. */
function outputFaults(cameras: readonly string[], context: FaultContext, baseFolder: string): ConfigFault[] {
  const events = memberOf(context.value, 'events');
  const sinks = Array.isArray(events) ? events.map((_sink, index) => ['events', index, 'path'] as const) : [];
  const outputs: ConfigPath[] = [...cameras.map((id) => ['cameras', id, 'annotate'] as const), ...sinks];
  const fileOf = (path: ConfigPath) => {
    const target = valueAt(context.value, path);
    return typeof target === 'string' ? resolve(baseFolder, filePathOf(target) ?? target) : undefined;
  };
  const inputs = new Set(cameras.map((id) => fileOf(['cameras', id, 'url'])));
  const seen = new Set<unknown>();
  return outputs.flatMap((path) => {
    const target = fileOf(path);
    if (target === undefined) return [];
    const isTaken = seen.has(target);
    seen.add(target);
    if (inputs.has(target)) return faultsAt(path, 'another file than an input', context);
    return isTaken ? faultsAt(path, 'a file that nothing else writes', context) : [];
  });
}

function repeatedItems(lists: readonly ConfigPath[], context: FaultContext): ConfigFault[] {
  return lists.flatMap((path) => {
    const list = valueAt(context.value, path);
    if (!Array.isArray(list)) return [];
    return list.flatMap((item, index) =>
      list.indexOf(item) < index ? faultsAt([...path, index], 'each item once', context) : [],
    );
  });
}
