import { WEEKDAYS } from '../../models/domain/rule';
import type { Schedule } from '../../models/domain/rule';

const MINUTE_MS = 60_000;

/**
 * Whether a schedule is on at an event time. It goes by the clock on the wall: where clocks are set forward, what lies in the
 * hour left out is not on; where they are set back, both hours of one name are alike.
 */
export function createSchedule(schedule: Schedule | undefined): (atMs: number) => boolean {
  if (schedule === undefined) return () => true;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: schedule.timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const times = schedule.times.map(({ days = WEEKDAYS, from, to }) => ({
    days: new Set(days.map((day) => WEEKDAYS.indexOf(day))),
    from: minutesOf(from),
    to: minutesOf(to),
  }));
  let minute: number | undefined;
  let isOn = false;

  function isOnAt(atMs: number): boolean {
    const parts = format.formatToParts(atMs);
    const part = (type: string) => parts.find((one) => one.type === type)!.value;
    const day = WEEKDAYS.findIndex((one) => one === part('weekday').toLowerCase());
    const now = Number(part('hour')) * 60 + Number(part('minute'));
    return times.some(({ days, from, to }) => {
      if (from < to) return days.has(day) && now >= from && now < to;
      return (days.has(day) && now >= from) || (days.has((day + 6) % 7) && now < to);
    });
  }

  return (atMs) => {
    const current = Math.floor(atMs / MINUTE_MS);
    if (current !== minute) {
      minute = current;
      isOn = isOnAt(atMs);
    }
    return isOn;
  };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 60 + minutes!;
}
