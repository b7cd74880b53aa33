import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { NAMESPACE_PATTERN } from '../../models/domain/keys';
import { idBefore } from './entry-id';
import { decodePositions } from './position';
import type { Position } from './position';
import type { SubscribeOptions } from './types';

/** Where reading begins, by shard or alike in all of them. */
export type Start = 'now' | 'oldest' | { readonly id: string } | { readonly positions: readonly Position[] };

/** Options with every default filled in. */
export interface ResolvedOptions extends Required<
  Pick<SubscribeOptions, 'url' | 'namespace' | 'maxInFlight' | 'dedupe' | 'closeTimeoutMs'>
> {
  readonly group: GroupOptions | undefined;
  readonly start: Start;
  readonly isEnding: boolean;
  /** Undefined: all are. */
  readonly isWanted: ((type: string, camera: string) => boolean) | undefined;
  readonly onTrouble: NonNullable<SubscribeOptions['onTrouble']>;
  readonly signal: AbortSignal | undefined;
}

export interface GroupOptions {
  readonly name: string;
  readonly consumer: string;
  readonly maxDeliveries: number;
  readonly claimAfterMs: number;
}

/** Of every option. */
const OPTIONS: Readonly<Record<keyof SubscribeOptions, true>> = {
  ...{
    url: true,
    namespace: true,
    group: true,
    consumer: true,
    from: true,
    to: true,
    types: true,
    cameras: true,
  },
  ...{ maxInFlight: true, maxDeliveries: true, claimAfterMs: true, dedupe: true, closeTimeoutMs: true },
  ...{ signal: true, onTrouble: true },
};

const NAME = /^[\w.:@-]{1,128}$/;

/** Checks what a caller gave. Throws a RangeError that says what was expected. */
export function resolveOptions(options: SubscribeOptions): ResolvedOptions {
  checkKeys(options);
  const { url, namespace = 'sightline', group, consumer, types, cameras, signal } = options;
  const {
    maxInFlight = 100,
    maxDeliveries = 5,
    claimAfterMs = 30_000,
    onTrouble = () => undefined,
  } = options;
  const { dedupe = 10_000, closeTimeoutMs = 2000 } = options;
  if (typeof url !== 'string' || url === '')
    throw expected('url', 'redis://host:6379/0 or alike', typeof url);
  if (!NAMESPACE_PATTERN.test(namespace))
    throw expected('namespace', '1 to 32 of a-z, 0-9 and "-", not starting with "-"', namespace);
  checkNames({ group, consumer });
  if (consumer !== undefined && group === undefined)
    throw expected('consumer', 'a group as well', 'a consumer alone');
  checkNumber('maxInFlight', maxInFlight, 1, 100_000);
  checkNumber('maxDeliveries', maxDeliveries, 1, 1_000_000);
  checkNumber('claimAfterMs', claimAfterMs, 100, 86_400_000);
  checkNumber('dedupe', dedupe, 0, 10_000_000);
  checkNumber('closeTimeoutMs', closeTimeoutMs, 0, 600_000);
  checkList('types', types);
  checkList('cameras', cameras);
  return {
    ...{ url, namespace, maxInFlight, dedupe, closeTimeoutMs, signal, onTrouble },
    start: resolveStart(options.from),
    isEnding: resolveEnd(options.to),
    group:
      group === undefined
        ? undefined
        : { name: group, consumer: consumer ?? ownName(), maxDeliveries, claimAfterMs },
    isWanted: types === undefined && cameras === undefined ? undefined : createFilter(types, cameras),
  };
}

/** Whether an event is of types (`track.*` for all that begin so) and cameras that are wanted; undefined: of all. */
export function createFilter(types: readonly string[] | undefined, cameras: readonly string[] | undefined) {
  const exact = types && new Set(types.filter((type) => !type.endsWith('*')));
  const prefixes = types?.filter((type) => type.endsWith('*')).map((type) => type.slice(0, -1));
  const names = cameras && new Set(cameras);
  return (type: string, camera: string) =>
    (exact === undefined || exact.has(type) || prefixes!.some((prefix) => type.startsWith(prefix))) &&
    (names === undefined || names.has(camera));
}

function resolveStart(from: SubscribeOptions['from'] = 'now'): Start {
  if (from === 'now' || from === 'oldest') return from;
  if (typeof from === 'object' && 'after' in from && typeof from.after === 'string')
    return { positions: decodePositions(from.after) };
  const since = typeof from === 'object' && 'since' in from ? Number(from.since) : NaN;
  if (since >= 0 && since <= Number.MAX_SAFE_INTEGER) return { id: idBefore(since) };
  throw expected(
    'from',
    "'now', 'oldest', { since: Date } or { after: token }",
    typeof from === 'string' ? from : JSON.stringify(from),
  );
}

function resolveEnd(to: string | undefined): boolean {
  if (to !== undefined && to !== 'now') throw expected('to', "'now' or nothing", to);
  return to === 'now';
}

/** Of no use to others: who has it cannot come back. */
const ownName = () =>
  `${hostname().replace(/[^\w.-]/g, '-')}-${String(process.pid)}-${randomBytes(3).toString('hex')}`;

/** In JavaScript a `groups` for `group` would else be every event for everybody. */
function checkKeys(options: object): void {
  const odd = Object.keys(options).find((key) => !Object.hasOwn(OPTIONS, key));
  if (odd !== undefined) throw expected('options', `some of ${Object.keys(OPTIONS).join(', ')}`, odd);
}

function checkNames(names: Readonly<Record<string, string | undefined>>): void {
  for (const [option, name] of Object.entries(names)) {
    if (name !== undefined && !NAME.test(name))
      throw expected(option, '1 to 128 letters, digits or . : @ _ -', name);
  }
}

function checkList(option: string, list: readonly string[] | undefined): void {
  if (list === undefined) return;
  if (
    !Array.isArray(list) ||
    list.length === 0 ||
    list.some((item) => typeof item !== 'string' || item === '')
  )
    throw expected(option, 'a list of names that is not empty', JSON.stringify(list));
}

function checkNumber(option: string, value: number, min: number, max: number): void {
  if (!(Number.isInteger(value) && value >= min && value <= max))
    throw expected(option, `a whole number from ${String(min)} to ${String(max)}`, String(value));
}

const expected = (option: string, what: string, got: string) =>
  new RangeError(`subscribeEvents: ${option}: expected ${what}, got ${JSON.stringify(got.slice(0, 80))}`);
