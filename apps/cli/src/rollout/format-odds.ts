/** An e-value as odds against chance: ln 250 → `1:250`. */
export function formatOdds(logE: number): string {
  if (logE > Math.log(1e9)) return "beyond 1:1,000,000,000";
  const value = Math.exp(logE);
  return `1:${value >= 10 ? Math.round(value).toLocaleString("en-US") : value.toFixed(1)}`;
}
