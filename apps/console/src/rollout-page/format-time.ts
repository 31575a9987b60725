/** Where and how times are shown; undefined means the reader's own time zone. */
export type TimeZone = string | undefined;

/** `14:03:07` */
export function formatClock(at: number, timeZone?: TimeZone): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone }).format(
    at,
  );
}

/** A clock time, with the day in front when that is not the day of `today`. */
export function formatMoment(at: number, today: number, timeZone?: TimeZone): string {
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone });
  const clock = formatClock(at, timeZone);
  return day.format(at) === day.format(today) ? clock : `${day.format(at)}, ${clock}`;
}

/** `45 s`, `3 min 12 s`, `2 h 5 min`: the two largest units. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
