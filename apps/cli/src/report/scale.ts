/** From values to places on a chart; a span of nothing is put in the middle. */
export type Scale = { readonly from: number; readonly to: number; readonly place: (value: number) => number };

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = domain;
  const [low, high] = range;
  const width = to - from;
  const place = (value: number): number =>
    width === 0 ? (low + high) / 2 : low + ((value - from) / width) * (high - low);
  // A tenth of a pixel is as fine as anybody sees, and it keeps the page small.
  return { from, to, place: (value) => Math.round(place(value) * 10) / 10 };
}

const TIME_STEPS_MS = [1, 2, 5, 10, 15, 30]
  .map((seconds) => seconds * 1000)
  .concat([1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60_000));

/** Moments on round times, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): readonly number[] {
  const days = Math.ceil((to - from) / (most * 86_400_000));
  const step = TIME_STEPS_MS.find((ms) => (to - from) / ms <= most) ?? days * 86_400_000;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
}

/** Round numbers from 0 on, at most `most` of them. */
export function countTicks(to: number, most: number): readonly number[] {
  const rough = Math.max(to, 1e-9) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => to / size <= most) ?? 10 * power;
  return Array.from({ length: Math.floor(to / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** `03:04`, or with the day where the chart spans several, or with seconds where it spans minutes. */
export function tickLabel(at: number, spanMs: number): string {
  const iso = new Date(at).toISOString();
  if (spanMs > 2 * 86_400_000) return iso.slice(5, 10);
  return spanMs < 600_000 ? iso.slice(11, 19) : iso.slice(11, 16);
}
