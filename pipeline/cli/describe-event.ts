import { styleText } from 'node:util';
import type { SightlineEvent } from '../../models/domain/event';
import { printable } from './printable';

type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'magenta' | 'dim';

/** What a terminal shows of a kind of event. */
const COLOURS: Readonly<Record<string, Colour>> = {
  'camera.online': 'green',
  'camera.offline': 'red',
  'camera.degraded': 'yellow',
  'track.updated': 'dim',
  'zone.loitering': 'yellow',
  'line.crossed': 'magenta',
};

/** True for a terminal whose user did not ask for none (https://no-color.org). */
export function hasColours(
  { isTTY }: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  return isTTY === true && (env['NO_COLOR'] ?? '') === '';
}

/** One readable line for an event: when, which camera, what. In colour for a terminal that has some. */
export function describeEvent(event: SightlineEvent, { inColour = false, withDate = false } = {}): string {
  const time = withDate ? event.time.slice(0, 23).replace('T', ' ') : event.time.slice(11, 23);
  const [subject, text] = [printable(event.subject), printable(textOf(event))];
  if (!inColour) return `${time} ${subject} ${text}`;
  const paint = (colour: Parameters<typeof styleText>[0], part: string) =>
    styleText(colour, part, { validateStream: false });
  return `${paint('dim', time)} ${paint('bold', subject)} ${paint(COLOURS[event.type] ?? 'cyan', text)}`;
}

function textOf(event: SightlineEvent): string {
  switch (event.type) {
    case 'camera.online':
      return `online, ${event.data.source.width}x${event.data.source.height}`;
    case 'camera.offline':
    case 'camera.degraded':
      return `${event.type.slice('camera.'.length)}: ${event.data.cause}`;
    case 'track.started':
      return `${nameOf(event.data)} appeared (${event.data.score.toFixed(2)})`;
    case 'track.updated':
      return `${nameOf(event.data)} ${event.data.isVisible ? `at ${placeOf(event.data)}` : 'out of sight'}`;
    case 'track.ended':
      return `${nameOf(event.data)} gone after ${seconds(event.data.durationMs)} (${event.data.reason})`;
    case 'zone.entered':
      return `${nameOf(event.data)} entered ${event.data.zone}`;
    case 'zone.left':
      return `${nameOf(event.data)} left ${event.data.zone} after ${seconds(event.data.dwellMs)}`;
    case 'zone.dwell':
      return `${nameOf(event.data)} has been in ${event.data.zone} for ${seconds(event.data.dwellMs)}`;
    case 'zone.loitering':
      return `${nameOf(event.data)} loiters in ${event.data.zone}, for ${seconds(event.data.dwellMs)}`;
    case 'line.crossed':
      return `${nameOf(event.data)} crossed ${event.data.line} (${event.data.direction})${speedOf(event.data)}`;
    case 'occupancy.changed':
      return `${event.data.zone}: ${event.data.count} inside`;
    case 'occupancy.summary': {
      const { zone, from, to, min, max, mean } = event.data;
      return `${zone}: ${min} to ${max} inside, ${mean.toFixed(1)} on average, from ${from.slice(11, 19)} to ${to.slice(11, 19)}`;
    }
    case 'object.stationary':
      return `${nameOf(event.data)} has stood still for ${seconds(event.data.stillMs)}`;
    case 'object.moving':
      return `${nameOf(event.data)} moves again after ${seconds(event.data.stillMs)}`;
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

const nameOf = ({ label, trackId }: { readonly label: string; readonly trackId: string }) =>
  `${label} ${trackId}`;

/** Middle of the lower edge, in hundredths of the picture from its top left. */
function placeOf({
  boxFraction: [x1, , x2, y2],
}: {
  readonly boxFraction: readonly [number, number, number, number];
}) {
  return `${Math.round(((x1 + x2) / 2) * 100)} %, ${Math.round(y2 * 100)} %`;
}

function speedOf({
  speed,
}: {
  readonly speed?: { readonly value: number; readonly unit: string } | undefined;
}) {
  if (speed === undefined) return '';
  return speed.unit === 'm/s'
    ? `, ${(speed.value * 3.6).toFixed(0)} km/h`
    : `, ${speed.value.toFixed(2)} heights a second`;
}
