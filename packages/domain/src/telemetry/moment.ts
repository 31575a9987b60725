import type { RawSpan } from "./raw-span.ts";

/** How long after `startedAt` the moment was that a text names by ISO 8601, with or without quotes; null when it was not. */
export function momentMs(text: string | null, startedAt: number): number | null {
  if (text === null || text.length > 40) return null;
  const after = Date.parse(text.replaceAll('"', "")) - startedAt;
  return Number.isFinite(after) && after >= 0 ? after : null;
}

/** How long after the span began the first event of that name came; null when none did. */
export function firstEventMs({ events, startedAt }: RawSpan, name: string): number | null {
  const event = events.find((one) => one.name === name);
  return event === undefined || event.at < startedAt ? null : event.at - startedAt;
}
