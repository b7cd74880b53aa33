import { systemClock } from '../models/domain/clock';
import { atMostEvery } from '../models/support/at-most-every';
import { parseRedisUrl, redisName } from '../models/support/redis-url';
import type { QueueEvent } from '../workers/queue/queue-types';
import type { Telemetry } from './telemetry';

export interface QueueReportOptions {
  readonly url: string;
  readonly model: string;
  readonly namespace: string;
  /** Names of the models that come with the program. */
  readonly bundled: readonly string[];
  /** True once nobody waits for workers any more. */
  readonly isStopping: () => boolean;
}

const REPEAT_MS = 10_000;

/** Tells people what happens between this process and the workers, and what they can do about it. */
export function reportQueue(
  telemetry: Telemetry,
  { url, model, namespace, bundled, isStopping }: QueueReportOptions,
): (event: QueueEvent) => void {
  const address = parseRedisUrl(url);
  const name = address === undefined ? 'redis' : redisName(address);
  const settings = namespace === 'sightline' ? '' : ` --namespace ${namespace}`;
  const login =
    address?.password === undefined
      ? ''
      : ' (with the password in the URL: --queue file:/path of a file with it, or SIGHTLINE_REDIS_URL)';
  // Whoever writes to Redis may write much.
  const tellBadReply = atMostEvery(REPEAT_MS, systemClock, (text: string) => telemetry.warning(text));
  return (event) => {
    switch (event.kind) {
      case 'no_model': {
        const others = event.others.length === 0 ? 'none is' : `known there: ${event.others.join(', ')}`;
        telemetry.warning(
          `no worker at ${name} has told of a model named ${model} (${others}), and it is none of the bundled ` +
            `${bundled.join(', ')}: waiting for a worker that brings it, started with --model /path/of/its.manifest.json`,
        );
        break;
      }
      case 'no_worker': {
        if (isStopping()) break;
        const others = event.others.length === 0 ? '' : ` (${thoseThere(event.others, model)})`;
        telemetry.warning(
          `no worker for ${model} at ${name}${others}: nothing is looked at; start one: ` +
            `sightline worker --queue ${name} --model ${model}${settings}${login}`,
        );
        break;
      }
      case 'workers_back':
        telemetry.warning(
          `${event.workers === 1 ? 'a worker is' : `${event.workers} workers are`} there for ${model}: going on`,
        );
        break;
      case 'worker_lost':
        telemetry.warning(
          `${event.worker} on ${event.host} has gone silent: what it had of recordings is sent again`,
        );
        break;
      case 'redis_away':
        telemetry.warning(`${event.error.detail}; trying again until it answers`);
        break;
      case 'redis_back':
        telemetry.warning(`${name} is back: going on`);
        break;
      case 'ring_unreachable':
        telemetry.warning(`${event.worker} cannot read this host's frame ring: frames go through Redis`);
        break;
      case 'poison':
        telemetry.warning(
          `${event.camera}: frame ${event.seq} crashed the detector whenever it was looked at alone; see the stream ${namespace}:dead-frames`,
        );
        break;
      case 'bad_reply':
        tellBadReply(`answers of workers: ${event.error.message}`);
    }
  };
}

/** Workers that are there for something else; of the same name are those that were given another manifest. */
function thoseThere(others: readonly string[], model: string): string {
  const workers = `workers of ${others.join(', ')} are there`;
  if (!others.includes(model)) return workers;
  return `${workers}, but with another manifest of ${model}: other weights, labels, sizes or thresholds`;
}
