/** Reads the selected times of an X.400 connector: `08:00-18:00` on each day, `mon-fri 08:00-18:00`, `sun 22:00-02:00`. */
import type { WeeklyTime } from '@mtalab/mta-core';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const day = `(${days.join('|')})`;
export const timePattern = new RegExp(
  `^(?:${day}(?:-${day})? )?([01]\\d|2[0-3]):([0-5]\\d)-(?:([01]\\d|2[0-3]):([0-5]\\d)|24:00)$`,
);

const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;

/** Numbers of the days that a text names: all without a name. `sat-mon` passes the end of the week. */
function daysOf(first: string | undefined, last: string | undefined): readonly number[] {
  if (first === undefined) return days.map((_, at) => at);
  const from = days.indexOf(first);
  const to = last === undefined ? from : days.indexOf(last);
  const count = ((to - from + days.length) % days.length) + 1;
  return Array.from({ length: count }, (_, at) => (from + at) % days.length);
}

/** The times of a text that fits the pattern. One that ends at or before its beginning ends on the next day. */
export function selectedTimes(text: string): readonly WeeklyTime[] {
  const [, first, last, fromHour, fromMinuteOfHour, toHour = '24', toMinuteOfHour = '0'] = timePattern.exec(text) ?? [];
  const start = Number(fromHour) * 60 + Number(fromMinuteOfHour);
  const end = Number(toHour) * 60 + Number(toMinuteOfHour);
  return daysOf(first, last).flatMap((at): WeeklyTime[] => {
    const fromMinute = at * dayMinutes + start;
    const toMinute = at * dayMinutes + (end <= start ? end + dayMinutes : end);
    if (toMinute <= weekMinutes) return [{ fromMinute, toMinute }];
    return [
      { fromMinute, toMinute: weekMinutes },
      { fromMinute: 0, toMinute: toMinute - weekMinutes },
    ];
  });
}
