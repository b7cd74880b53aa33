import { z } from 'zod';
import { collinearOf, createHomography } from '../models/domain/homography';
import { ANCHORS, WEEKDAYS } from '../models/domain/rule';
import { point, polygon } from './mask-schema';

const MOST_RULES = 64;
const DAY_MS = 86_400_000;
/** Least length of a line in fractions: a tenth of a pixel of an 8K picture. Of less, nobody can say which side is which. */
const SHORTEST = 1e-5;
/** As camera names: they may stand in keys and topics. */
const RULE_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const NAMES = 'Names are as those of cameras.';

const timeOfDay = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/)
  .meta({ expected: 'a time of day such as "08:30", in quotes' });

const timeZone = z
  .string()
  .refine(isTimeZone)
  .default('UTC')
  .meta({ expected: 'a time zone such as Europe/Berlin or UTC' })
  .describe('IANA name of the time zone of these times.');

const scheduleSchema = z.strictObject({
  timeZone,
  times: z
    .array(
      z
        .strictObject({
          days: z
            .array(z.enum(WEEKDAYS))
            .min(1)
            .max(7)
            .optional()
            .describe('Days on which it begins. Without it: every day.'),
          from: timeOfDay.describe('From this local time on, such as `"08:30"`.'),
          to: timeOfDay.describe(
            'Until before this one; an earlier one than `from` is that of the next day.',
          ),
        })
        .refine(({ from, to }) => from !== to && from !== '24:00')
        .meta({ expected: 'two different times (a whole day is from "00:00" to "24:00")' }),
    )
    .min(1)
    .max(32)
    .describe('The rule is on in each of these.'),
});

/** What every rule about places asks of an object. */
const filters = {
  labels: z
    .array(z.string().min(1))
    .min(1)
    .max(256)
    .optional()
    .describe('Kinds of objects that count. Without it: all that are tracked.'),
  minScore: z.number().min(0).max(1).default(0).describe('An object counts once its best score is this.'),
  minHeight: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("An object counts while its box is so high, as part of the picture's height."),
  anchor: z
    .enum(ANCHORS)
    .default('bottom')
    .describe('Where an object is: at the middle of the `bottom` of its box, or at its `centre`.'),
  schedule: scheduleSchema
    .optional()
    .describe(
      'When the rule is on, by event time; otherwise it tells nothing, and who is inside a zone leaves. Without it: always.',
    ),
};

const ms = (most: number) => z.number().min(0).max(most);

/** A zone; one whose name is wrong is not looked at by `ruleSettings`. */
export const zoneSchema = z.strictObject({
  points: polygon.describe(
    'Corners `[x, y]` of a polygon, in order, in fractions of the picture: `[0, 0]` is the top left, `[1, 1]` the bottom right.',
  ),
  ...filters,
  enterMs: ms(3_600_000)
    .default(300)
    .describe('An object has entered (`zone.entered`) once it has been inside for so long.'),
  leaveMs: ms(3_600_000)
    .default(500)
    .describe('An object has left (`zone.left`) once it has been outside for so long.'),
  dwellMs: ms(DAY_MS)
    .optional()
    .describe('Tell once of each object that has been inside for so long (`zone.dwell`). Without it: never.'),
  loiterMs: ms(DAY_MS)
    .optional()
    .describe('As `dwellMs`, told as `zone.loitering`: longer than anybody has business there.'),
  occupancy: z
    .strictObject({
      intervalMs: z
        .int()
        .min(1000)
        .max(DAY_MS)
        .optional()
        .describe(
          'Tell the least, most and mean number of every such interval (`occupancy.summary`), which begin at multiples of it since 1970. Without it: never.',
        ),
    })
    .optional()
    .describe(
      'Tell how many objects are inside whenever that changes (`occupancy.changed`); `{}` for that alone.',
    ),
});

const ends = z
  .tuple([point, point])
  .refine(([from, to]) => Math.hypot(to[0] - from[0], to[1] - from[1]) >= SHORTEST)
  .meta({ expected: 'two different points [[x1, y1], [x2, y2]] in fractions of the picture' });

/** A line; as `zoneSchema`. */
export const lineSchema = z.strictObject({
  points: ends.describe(
    'Both ends. Seen from the first towards the second, who crosses from left to right goes `in`, the other way `out`.',
  ),
  ...filters,
  band: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.01)
    .describe(
      "Distance from the line, as part of the picture's height, within which an object is on neither side; a tenth of the object's size at least.",
    ),
  minMove: z
    .number()
    .min(0)
    .max(100)
    .default(0.25)
    .describe('An object counts once it has moved so many of its own sizes.'),
});

function named<T extends z.ZodType>(schema: T, what: string) {
  return z
    .record(z.string().regex(RULE_NAME), schema)
    .refine((rules) => Object.keys(rules).length <= MOST_RULES)
    .meta({ expected: `a map of at most ${MOST_RULES} ${what}` });
}

const zonesSchema = named(zoneSchema, 'zones');
const linesSchema = named(lineSchema, 'lines');

/** When objects stand still. */
const stationarySchema = z.strictObject({
  labels: filters.labels,
  afterMs: z
    .number()
    .min(1000)
    .max(DAY_MS)
    .default(10_000)
    .describe('An object that stood still for so long is told once (`object.stationary`).'),
  within: z
    .number()
    .positive()
    .max(10)
    .default(0.2)
    .describe('It stands still while its centre stays within so many of its own sizes.'),
});

const metres = z
  .tuple([z.number().min(-1e6).max(1e6), z.number().min(-1e6).max(1e6)])
  .meta({ expected: 'a place [x, y] on the ground in metres' });

const groundSchema = z
  .strictObject({
    points: z
      .tuple([point, point, point, point])
      .describe(
        'Four places of the ground, in fractions of the picture, no three on one line. Of what is more than four times as far from the camera as the farthest of them, no speed is told.',
      ),
    metres: z
      .tuple([metres, metres, metres, metres])
      .describe(
        'The same four in the same order, in metres along two directions at right angles, from wherever you measured.',
      ),
  })
  .superRefine((ground, context) => {
    for (const key of ['points', 'metres'] as const) {
      const flat = collinearOf(ground[key]);
      if (flat === undefined) continue;
      const message = `four places of which no three lie on one line (${flat.join(', ')} do)`;
      context.addIssue({ code: 'custom', message, path: [key] });
      return;
    }
    if (createHomography(ground.points, ground.metres) === undefined)
      context.addIssue({
        code: 'custom',
        message: 'four places in the same order as points',
        path: ['metres'],
      });
  });

/** How fast objects are. */
const speedSchema = z.strictObject({
  windowMs: z.number().min(200).max(10_000).default(1000).describe('Over how long it is measured.'),
  ground: groundSchema
    .optional()
    .describe(
      "Where the ground is: speeds are metres a second then. Without it: the picture's heights a second.",
    ),
});

/** What a camera may say of zones, lines, standing still and speed. */
export const ruleSettings = {
  zones: zonesSchema
    .optional()
    .describe(`Areas by name, at most ${MOST_RULES}: who enters, stays in and leaves them. ${NAMES}`),
  lines: linesSchema
    .optional()
    .describe(`Lines by name, at most ${MOST_RULES}: who crosses them, and which way. ${NAMES}`),
  stationary: stationarySchema
    .optional()
    .describe('Tell of objects that stand still, and that move again; `{}` takes the defaults.'),
  speed: speedSchema
    .optional()
    .describe('Tell how fast objects are, in their events (`speed`); `{}` takes the defaults.'),
};

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A zone as the program uses it. */
export type ZoneConfig = z.output<typeof zoneSchema>;
/** A line as the program uses it. */
export type LineConfig = z.output<typeof lineSchema>;
