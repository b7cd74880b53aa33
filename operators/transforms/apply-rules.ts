import { EMPTY, concat, concatMap, defer, of } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import type { CameraStatus } from '../../models/domain/camera-status';
import type { FrameInfo } from '../../models/domain/frame';
import type { ResumedCamera } from '../../models/domain/resumed-camera';
import type { Schedule } from '../../models/domain/rule';
import type { EndedTrack, RuleFinding, TrackedFrame, TracksClosed } from '../../models/domain/track';
import { createLineRule } from '../rules/line';
import type { LineOptions } from '../rules/line';
import { createOccupancy } from '../rules/occupancy';
import { sightingsOf } from '../rules/rule';
import type { Rule } from '../rules/rule';
import { createSchedule } from '../rules/schedule';
import { createSpeedMeter } from '../rules/speed';
import type { SpeedOptions } from '../rules/speed';
import { createStationaryRule } from '../rules/stationary';
import type { StationaryOptions } from '../rules/stationary';
import { createZoneRule } from '../rules/zone';
import type { ZoneOptions } from '../rules/zone';

/** Absent: always on. */
interface Scheduled {
  readonly schedule?: Schedule | undefined;
}

export interface RuleSet {
  readonly zones: readonly (ZoneOptions &
    Scheduled & { readonly occupancy?: { readonly intervalMs?: number | undefined } | undefined })[];
  readonly lines: readonly (LineOptions & Scheduled)[];
  /** Absent: not told. */
  readonly stationary?: StationaryOptions;
  readonly speed?: SpeedOptions;
}

export interface ApplyRulesOptions extends RuleSet {
  /** What an earlier run left open. Default: nothing. */
  readonly resume?: ResumedCamera | undefined;
}

type RuleInput = TrackedFrame | TracksClosed | CameraStatus;

/**
 * Adds to each tracked frame of one camera what its rules found, as `found`; statuses pass through in their places.
 *
 * Times are event times. Frames that nobody looked at move nobody. Before a status that means the end, and at completion, a
 * `TracksClosed` without tracks tells what is left of occupancies. Whom an earlier run left in a zone that is no more leaves it
 * with the first frame. Drops nothing; passes errors on at once. State per subscription: of live tracks alone. Throws a
 * RangeError when the ground has no perspective.
 */
export function applyRules(options: ApplyRulesOptions): OperatorFunction<RuleInput, RuleInput> {
  createRules(options);
  return (source) =>
    defer(() => {
      const rules = createRules(options);
      const ruled = source.pipe(
        concatMap((item): RuleInput[] => {
          switch (item.kind) {
            case 'tracked':
              return [rules.observe(item)];
            case 'closed':
              return [{ ...item, found: rules.end(item.ended) }];
            case 'status':
              return isOver(item) ? [...rules.flush(), item] : [item];
          }
        }),
      );
      return concat(
        ruled,
        defer(() => {
          const [rest] = rules.flush();
          return rest === undefined ? EMPTY : of(rest);
        }),
      );
    });
}

function isOver(status: CameraStatus): boolean {
  return status.status === 'offline' && (status.cause === 'completed' || status.cause === 'stopped');
}

function createRules({ zones, lines, stationary, speed, resume }: ApplyRulesOptions) {
  const zoneRules = zones.map((zone) => ({
    rule: createZoneRule(zone),
    isOn: createSchedule(zone.schedule),
  }));
  const rules: { readonly rule: Rule; readonly isOn: (atMs: number) => boolean }[] = [
    ...zoneRules,
    ...formerZones(zones, resume).map((rule) => ({ rule, isOn: () => false })),
    ...lines.map((line) => ({ rule: createLineRule(line), isOn: createSchedule(line.schedule) })),
  ];
  if (stationary !== undefined) rules.push({ rule: createStationaryRule(stationary), isOn: () => true });
  for (const { rule } of rules) rule.resume?.(resume?.tracks ?? []);
  const meter = speed && createSpeedMeter(speed);
  const occupancies = zones.flatMap(({ name, occupancy }, index) => {
    if (occupancy === undefined) return [];
    const { rule, isOn } = zoneRules[index]!;
    return [
      { rule, isOn, occupancy: createOccupancy({ zone: name, ...occupancy, toldCount: rule.count() }) },
    ];
  });
  let last = resume?.last;

  function counted(frame: FrameInfo): RuleFinding[] {
    return occupancies.flatMap(({ rule, isOn, occupancy }) =>
      isOn(frame.atMs) ? occupancy.update(rule.count(), frame) : occupancy.pause(frame),
    );
  }

  function endTracks(ended: readonly EndedTrack[]): RuleFinding[] {
    const tracks = ended.map(({ track }) => track);
    meter?.end(tracks);
    return rules.flatMap(({ rule }) => rule.end(tracks));
  }

  return {
    observe(item: TrackedFrame): TrackedFrame {
      const { frame, unobserved } = item;
      const ended = item.ended.length === 0 ? [] : endTracks(item.ended);
      // A frame left out since nothing moves in it is as the one before.
      if (unobserved !== undefined && unobserved !== 'gated') return { ...item, found: { ended, seen: [] } };
      last = frame;
      const sightings = sightingsOf(item);
      const seen = rules.flatMap(({ rule, isOn }) =>
        isOn(frame.atMs) ? rule.observe(sightings) : rule.pause(frame),
      );
      const speeds = meter?.observe(sightings);
      const found = { ended, seen: [...seen, ...counted(frame)], ...(speeds !== undefined && { speeds }) };
      return { ...item, found };
    },

    end(ended: readonly EndedTrack[]): RuleFinding[] {
      const findings = endTracks(ended);
      return last === undefined ? findings : [...findings, ...counted(last)];
    },

    /** What is left to tell at the end. */
    flush(): TracksClosed[] {
      const frame = last;
      if (frame === undefined) return [];
      const found = occupancies.flatMap(({ occupancy }) => occupancy.flush(frame));
      return found.length === 0 ? [] : [{ kind: 'closed', ended: [], found }];
    },
  };
}

/** Zones in which an earlier run left somebody, and which are configured no more: who is inside has only to leave. */
function formerZones(zones: RuleSet['zones'], resume: ResumedCamera | undefined): readonly Rule[] {
  const present = new Set(zones.map(({ name }) => name));
  const visited = new Set((resume?.tracks ?? []).flatMap(({ visits }) => visits.map(({ zone }) => zone)));
  return [...visited]
    .filter((name) => !present.has(name))
    .map((name) =>
      createZoneRule({
        ...{ name, points: [], anchor: 'bottom', minScore: 0, minHeight: 0 },
        ...{ enterMs: 0, leaveMs: 0 },
      }),
    );
}
