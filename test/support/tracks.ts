import type { EventOf, EventType } from '../../models/domain/event';
import { cameraId } from '../../models/domain/frame';
import type { FrameInfo } from '../../models/domain/frame';
import { openCamera, openChange } from '../../models/domain/open-tracks';
import type { OpenCamera } from '../../models/domain/open-tracks';
import { resumedCamera } from '../../models/domain/resumed-camera';
import type { ResumedCamera } from '../../models/domain/resumed-camera';
import type { SightlineEvent } from '../../models/domain/event';

/** Epoch of the run that goes on. */
export const NEXT_EPOCH = 1000;

/** What is open after these events, as the log keeps it. */
export function openAfter(events: readonly SightlineEvent[]): OpenCamera {
  const kept = new Map<string, string>();
  for (const event of events) {
    const { keep, drop } = openChange(event);
    if (keep !== undefined) kept.set(keep, JSON.stringify(event));
    for (const field of drop) kept.delete(field);
  }
  return openCamera([...kept.values()], events[0]?.source ?? '');
}

/** What a run that follows these events goes on from. */
export function resumedAfter(events: readonly SightlineEvent[]): ResumedCamera | undefined {
  const mode = 'live';
  return resumedCamera(openAfter(events), { cameraId: cameraId('door'), mode, byEpoch: NEXT_EPOCH });
}

/** A live frame 10 a second from `seq`, of a 640x480 camera. */
export function liveFrame(seq: number, epoch: number, isResumed = false): FrameInfo {
  const source = { width: 640, height: 480 };
  const atMs = 1_790_000_000_000 + seq * 100;
  return {
    ...{ cameraId: cameraId('door'), mode: 'live', segment: { epoch, isResumed } },
    ...{ seq, ptsMs: seq * 100, atMs, capturedAtMs: atMs, source },
  };
}

/** Those of one type. */
export function ofType<T extends EventType>(events: readonly SightlineEvent[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}
