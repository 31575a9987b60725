const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A span of time in its two largest units: `2 h 5 min`, `45 s`. */
export function formatAge(ms: number): string {
  const rest = Math.max(0, ms);
  const at = UNITS.findIndex(([, size]) => rest >= size);
  if (at === -1) return "0 s";
  const [large, small] = [UNITS[at], UNITS[at + 1]];
  if (large === undefined) return "0 s";
  const whole = Math.floor(rest / large[1]);
  const part = small === undefined ? 0 : Math.floor((rest % large[1]) / small[1]);
  return `${whole} ${large[0]}${small === undefined || part === 0 ? "" : ` ${part} ${small[0]}`}`;
}
