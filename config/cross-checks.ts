import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { ConfigFault, ConfigPath } from './config-error';
import type { InputKind } from '../models/domain/input-kind';
import { createAddressGuard } from '../models/support/address-guard';
import { cameraInput, expectedCameraUrl, inputPlace, isCameraScheme, schemeOf } from './camera-input';
import { faultsAt } from './issue-faults';
import type { FaultContext } from './issue-faults';
import { ruleDayPaths, ruleLabelPaths } from './rule-paths';
import { keysOf, memberOf, valueAt } from './schema-tree';

/** What only holds between several values. Works on values as written, so that it finds these faults beside others. */
export function crossCheck(context: FaultContext, baseFolder: string): ConfigFault[] {
  const cameras = keysOf(memberOf(context.value, 'cameras'));
  return [
    ...cameras.flatMap((id) => cameraFaults(['cameras', id], context, baseFolder)),
    ...outputFaults(cameras, context, baseFolder),
    ...bridgeFaults(context),
    ...repeatedItems([...cameras.flatMap((id) => listsOf(id, context)), ['model', 'providers']], context),
  ];
}

/** Kinds that cannot loop, for messages. */
const NAMES: Partial<Record<InputKind, string>> = {
  rtsp: 'an RTSP camera',
  http: 'a stream over HTTP',
  sdp: 'a stream of RTP',
  v4l2: 'a video device',
  test: 'a test pattern',
};

function cameraFaults(path: ConfigPath, context: FaultContext, baseFolder: string): ConfigFault[] {
  const camera = valueAt(context.value, path);
  const url = memberOf(camera, 'url');
  const scheme = typeof url === 'string' ? schemeOf(url) : undefined;
  if (typeof url !== 'string' || (scheme !== undefined && !isCameraScheme(scheme))) return [];
  const { kind, mode } = cameraInput({ url, loop: false, startTime: '', folderFps: 1 });
  const isLooping = memberOf(camera, 'loop') === true;
  const isTrue = (key: string) => memberOf(camera, key) === true;
  const isSet = (key: string) => memberOf(camera, key) !== undefined;
  const faults: ConfigFault[] = [];
  const fault = (key: string, expected: string) =>
    faults.push(...faultsAt([...path, key], expected, context));
  const notFor = (what: string) => `no value for ${NAMES[kind] ?? 'a file'} (${what} only)`;
  const canLoop = NAMES[kind] === undefined;
  if (!canLoop && isLooping) fault('loop', notFor('files'));
  if (mode === 'live' && isTrue('realTime')) fault('realTime', notFor('files'));
  if (mode === 'live' && isSet('startTime')) fault('startTime', notFor('files'));
  const streams = [url, memberOf(camera, 'viewUrl')].filter((text) => typeof text === 'string').map(schemeOf);
  if (isSet('rtspTransport') && !streams.some((one) => one === 'rtsp' || one === 'rtsps'))
    fault('rtspTransport', notFor('RTSP cameras'));
  if (streams.includes('rtsps') && memberOf(camera, 'rtspTransport') === 'udp')
    fault('rtspTransport', 'tcp or no value beside rtsps://');
  if (kind !== 'folder' && isSet('folderFps')) fault('folderFps', notFor('folders of pictures'));
  if (canLoop && isLooping && memberOf(camera, 'realTime') === false)
    fault('realTime', 'true or no value beside "loop: true"');
  if (canLoop && isLooping && isSet('startTime')) fault('startTime', 'no value beside "loop: true"');
  const expectedView = isSet('viewUrl') ? expectedViewUrl(camera, url, baseFolder) : undefined;
  if (expectedView !== undefined) fault('viewUrl', expectedView);
  return faults;
}

/** What should stand as a camera's second stream, when something else does; its form is the schema's to check. */
function expectedViewUrl(camera: unknown, url: string, baseFolder: string): string | undefined {
  const viewUrl = memberOf(camera, 'viewUrl');
  if (typeof viewUrl !== 'string' || expectedCameraUrl(viewUrl) !== undefined) return undefined;
  const modeOf = (place: string) =>
    cameraInput({ url: place, loop: memberOf(camera, 'loop') === true, startTime: '', folderFps: 1 }).mode;
  if (modeOf(url) === 'recorded') return 'no value beside a recording (live cameras only)';
  const isStream = cameraInput({ url: viewUrl, loop: false, startTime: '', folderFps: 1 }).mode === 'live';
  if (!isStream) return 'a live stream (rtsp, http, sdp, v4l2 or test)';
  const placeOf = (place: string) => {
    const { kind, location } = inputPlace(place);
    return kind === 'sdp' || kind === 'v4l2' ? resolve(baseFolder, location) : place;
  };
  return placeOf(viewUrl) === placeOf(url) ? 'another stream than url' : undefined;
}

/** Two writers of one file would destroy each other's work, and an output must not replace its input. */
function outputFaults(cameras: readonly string[], context: FaultContext, baseFolder: string): ConfigFault[] {
  const events = memberOf(context.value, 'events');
  const sinks = Array.isArray(events) ? events.map((_sink, index) => ['events', index, 'path'] as const) : [];
  const bridges = keysOf(memberOf(context.value, 'bridges')).map(
    (name) => ['bridges', name, 'path'] as const,
  );
  const videos = cameras.map((id) => ['cameras', id, 'annotate'] as const);
  const outputs: ConfigPath[] = [...videos, ...sinks, ...bridges];
  const fileOf = (path: ConfigPath) => {
    const target = valueAt(context.value, path);
    return typeof target === 'string' ? resolve(baseFolder, inputPlace(target).location) : undefined;
  };
  const streams = cameras.flatMap((id) => ['url', 'viewUrl'].map((key) => ['cameras', id, key]));
  const inputs = new Set(streams.map(fileOf));
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

/** Bridges read what a Redis sink writes, and send nothing to addresses that are not allowed. */
function bridgeFaults(context: FaultContext): ConfigFault[] {
  const events = memberOf(context.value, 'events');
  const names = keysOf(memberOf(context.value, 'bridges'));
  const hasLog = Array.isArray(events) && events.some((sink) => memberOf(sink, 'type') === 'redis');
  const ofLog = 'a sink of the type redis in "events" as well: bridges read what it writes';
  const faults = names.length === 0 || hasLog ? [] : faultsAt(['bridges'], ofLog, context);
  return [...faults, ...names.flatMap((name) => addressFaults(['bridges', name], context))];
}

/** Names are looked up when they are needed; what is an address already can be told of at once. */
function addressFaults(path: ConfigPath, context: FaultContext): ConfigFault[] {
  const bridge = valueAt(context.value, path);
  const url = memberOf(bridge, 'url');
  if (memberOf(bridge, 'type') !== 'webhook' || typeof url !== 'string' || !URL.canParse(url)) return [];
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const allow = memberOf(bridge, 'allow');
  const networks = Array.isArray(allow) ? allow.filter((one) => typeof one === 'string') : [];
  if (isIP(host) === 0 || createAddressGuard(networks)(host) === undefined) return [];
  return faultsAt([...path, 'url'], 'a public address or one of the networks in "allow"', context);
}

/** Lists of a camera and of its rules in which nothing stands twice. */
function listsOf(id: string, { value }: FaultContext): readonly ConfigPath[] {
  return [['cameras', id, 'labels'], ...ruleLabelPaths(value, id), ...ruleDayPaths(value, id)];
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
