const MINUS = "−";
const NARROW_SPACE = "\u202f";

/** `0.0812` → `8.1 %`; nothing to divide by → a dash. */
export function formatPercent(share: number | null, digits = 1): string {
  return share === null ? "–" : `${signed(share * 100, digits)}${NARROW_SPACE}%`;
}

/** A weight in basis points: `500` → `5 %`, `250` → `2.5 %`. */
export function formatWeight(weightBp: number): string {
  return `${Number((weightBp / 100).toFixed(2))}${NARROW_SPACE}%`;
}

/** A difference of rates in percentage points, always with its sign: `0.139` → `+13.9 pp`. */
export function formatPoints(difference: number): string {
  return `${formatPointsBare(difference)}${NARROW_SPACE}pp`;
}

export function formatPointsBare(difference: number): string {
  const text = signed(difference * 100, 1);
  return difference > 0 && text !== "0.0" ? `+${text}` : text;
}

/** `12345` → `12,345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three figures are plenty for an odds ratio: `0.45`, `2.1`, `13`. */
export function formatOddsRatio(ratio: number): string {
  if (ratio >= 1_000) return "> 1,000";
  if (ratio >= 10) return ratio.toFixed(0);
  return ratio >= 1 ? ratio.toFixed(1) : ratio.toFixed(2);
}

/** `2` → `2.0`; no value → a dash. */
export function formatDecimal(value: number | null, digits: number): string {
  return value === null ? "–" : signed(value, digits);
}

/** A mean on a scale around zero: `0.31` → `+0.31`. */
export function formatSigned(value: number | null, digits: number): string {
  const text = formatDecimal(value, digits);
  return value !== null && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export function formatMs(ms: number): string {
  const rounded = ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms);
  return ms < 10_000 ? `${formatDecimals(rounded)}${NARROW_SPACE}ms` : `${(ms / 1_000).toFixed(1)}${NARROW_SPACE}s`;
}

/** `1` → `1 session`, `2` → `2 sessions`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function formatDecimals(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(value);
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text;
}
