/** `2026-01-02 03:04:05` in UTC; the page says so once. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

export function percent(share: number | null, digits = 1): string {
  return share === null ? "–" : `${Number((share * 100).toFixed(digits))} %`;
}

/** Percentage points, with their sign. */
export function points(difference: number): string {
  const rounded = Number((difference * 100).toFixed(1));
  return `${rounded > 0 ? "+" : ""}${rounded} pp`;
}

export function span(ms: number): string {
  if (ms >= 86_400_000) return `${(ms / 86_400_000).toFixed(1)} days`;
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  if (ms >= 60_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return ms >= 1000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Math.round(ms)} ms`;
}

/** Evidence as people say it: odds against "no harm". */
export function odds(logE: number): string {
  if (logE > Math.log(1e6)) return "over 1 000 000";
  const value = Math.exp(logE);
  if (value >= 100) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  return String(Number(value.toPrecision(2)));
}

export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 1 }).replaceAll(",", " ");
}

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}
