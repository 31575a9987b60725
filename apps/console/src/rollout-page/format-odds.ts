import { formatCount } from "./format-number.ts";

const BILLION = 1_000_000_000;

/** An e-value as betting odds against its null hypothesis: ln 340 → `1:340`. Below one nothing speaks against it. */
export function formatOdds(logE: number): string {
  const e = Math.exp(logE);
  if (e > BILLION) return "beyond 1:1,000,000,000";
  if (e >= 10) return `1:${formatCount(e)}`;
  if (e < 0.01) return "below 1:0.01";
  return `1:${Number(e.toFixed(e < 1 ? 2 : 1))}`;
}

/** Evidence in words; the logarithm itself means nothing to a person on call. */
export function describeEvidence(logE: number): string {
  return logE < Math.log(1.05) ? "no evidence of harm" : `odds ${formatOdds(logE)} against no harm`;
}

/** How much of the bar is full, 0..1: bets multiply, so the way to the threshold is measured in logarithms. */
export function evidenceShare(logE: number, thresholdLogE: number): number {
  if (thresholdLogE <= 0) return 1;
  return Math.min(1, Math.max(0, logE / thresholdLogE));
}
