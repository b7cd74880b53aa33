import { eventSchema } from './event';
import type { EventOf, SightlineEvent } from './event';

/** What an event does to the open part of its camera: what the log has begun and not ended. */
export interface OpenChange {
  /** Field under which the event is kept, in place of an earlier one. */
  readonly keep?: string;
  /** Fields that are over with it. */
  readonly drop: readonly string[];
}

/** A visit of a zone that is not over, by the events that told of it. */
export interface OpenVisit {
  readonly entered: EventOf<'zone.entered'>;
  readonly told: readonly ('zone.dwell' | 'zone.loitering')[];
}

/** A track without its `track.ended`. */
export interface OpenTrack {
  readonly started: EventOf<'track.started'>;
  readonly updated?: EventOf<'track.updated'>;
  readonly visits: readonly OpenVisit[];
  readonly stationary?: EventOf<'object.stationary'>;
}

/** What of one camera and source the log has begun and not ended. */
export interface OpenCamera {
  /** Absent once the camera was stopped. */
  readonly online?: EventOf<'camera.online'>;
  readonly tracks: readonly OpenTrack[];
}

const STAYS = ['zone.entered', 'zone.dwell', 'zone.loitering'] as const;

/**
 * Which events are kept beside the log for whoever takes the camera over. Fields bear the source: tracks of two recordings
 * that a camera's name was given to have the same ids.
 */
export function openChange(event: SightlineEvent): OpenChange {
  const { source } = event;
  switch (event.type) {
    case 'camera.online':
      return { keep: `${source} online`, drop: [] };
    case 'camera.offline':
      return { drop: isLasting(event) ? [] : [`${source} online`] };
    case 'track.started':
      return { keep: trackField(event), drop: [] };
    case 'track.updated':
      return { keep: `${trackField(event)} updated`, drop: [] };
    case 'track.ended':
      return { drop: ['', ' updated', ' stationary'].map((rest) => `${trackField(event)}${rest}`) };
    case 'zone.entered':
    case 'zone.dwell':
    case 'zone.loitering':
      return { keep: `${trackField(event)} ${event.type} ${event.data.zone}`, drop: [] };
    case 'zone.left':
      return { drop: STAYS.map((type) => `${trackField(event)} ${type} ${event.data.zone}`) };
    case 'object.stationary':
      return { keep: `${trackField(event)} stationary`, drop: [] };
    case 'object.moving':
      return { drop: [`${trackField(event)} stationary`] };
    case 'camera.degraded':
    case 'line.crossed':
    case 'occupancy.changed':
    case 'occupancy.summary':
      return { drop: [] };
  }
}

/** The open part of one source from the events that were kept (JSON); what is none of this contract is left out. */
export function openCamera(kept: readonly string[], source: string): OpenCamera {
  const events = kept.flatMap(parse).filter((event) => event.source === source);
  const ofType = <T extends SightlineEvent['type']>(type: T) =>
    events.filter((event): event is EventOf<T> => event.type === type);
  const [online] = ofType('camera.online');
  const tracks = ofType('track.started')
    .sort((a, b) => a.data.epoch - b.data.epoch || numberOf(a) - numberOf(b))
    .map((started): OpenTrack => {
      const isOwn = (event: { readonly data: { readonly trackId: string } }) =>
        event.data.trackId === started.data.trackId;
      const updated = ofType('track.updated').find(isOwn);
      const stationary = ofType('object.stationary').find(isOwn);
      const visits = ofType('zone.entered')
        .filter(isOwn)
        .map((entered) => ({
          entered,
          told: (['zone.dwell', 'zone.loitering'] as const).filter((type) =>
            ofType(type).some((event) => isOwn(event) && event.data.zone === entered.data.zone),
          ),
        }));
      return {
        started,
        visits,
        ...(updated !== undefined && { updated }),
        ...(stationary !== undefined && { stationary }),
      };
    });
  return { tracks, ...(online !== undefined && { online }) };
}

/** Number of a track within its camera and epoch of birth, and that epoch, from its id. */
export function parseTrackId(trackId: string): { readonly epoch: number; readonly number: number } {
  const [, epoch = '0', number = '0'] = /-(\d+)-(\d+)$/.exec(trackId) ?? [];
  return { epoch: Number(epoch), number: Number(number) };
}

const numberOf = ({ data }: EventOf<'track.started'>) => parseTrackId(data.trackId).number;

/** An outage that tracks may outlive. */
const isLasting = ({ data }: EventOf<'camera.offline'>) =>
  data.cause !== 'stopped' && data.cause !== 'completed';

const trackField = ({
  source,
  data,
}: {
  readonly source: string;
  readonly data: { readonly trackId: string };
}) => `${source} ${data.trackId}`;

function parse(text: string): SightlineEvent[] {
  try {
    const { success, data } = eventSchema.safeParse(JSON.parse(text));
    return success ? [data] : [];
  } catch {
    return [];
  }
}
