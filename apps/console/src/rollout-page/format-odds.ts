import { formatCount } from "./format-number.ts";

const MILLION = 1_000_000;
const BILLION = 1_000_000_000;

/** An e-value as betting odds against its null hypothesis: ln 340 → `1:340`. Below one there is no evidence: `1:1`. */
export function formatOdds(logE: number): string {
  const e = Math.exp(Math.max(logE, 0));
  if (e >= BILLION) return "beyond 1:1 billion";
  if (e >= MILLION) return `1:${(e / MILLION).toFixed(1)} million`;
  if (e >= 1_000) return `1:${formatCount(Number(e.toPrecision(3)))}`;
  return e >= 10 ? `1:${formatCount(e)}` : `1:${Number(e.toFixed(1))}`;
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
