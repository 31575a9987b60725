import { StatsError } from "../numeric/error.ts";
import { logBeta } from "../numeric/log-beta.ts";

/**
 * The (1 − α) confidence sequence of the p-quantile from values in rising order: [X_(k_lo), X_(k_hi + 1)] over the counts k
 * with ln B(k + sp, t − k + s(1−p)) − ln B(sp, s(1−p)) − k ln p − (t−k) ln(1−p) < ln(1/α). `strength` s tunes where it is
 * narrowest: 40 for a canary, 800 for a baseline. −∞ and +∞ where there are too few values. For people to read.
 * Source: Howard & Ramdas 2022 (arXiv 1906.09712); `statistics.md` 3.5.
 */
export function quantileInterval(
  sorted: readonly number[],
  p: number,
  { alpha, strength }: { readonly alpha: number; readonly strength: number },
): { readonly low: number; readonly high: number } {
  if (!(p > 0 && p < 1 && alpha > 0 && alpha < 1 && strength > 0)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found p = ${p}, α = ${alpha}, s = ${strength}, expected p and α between 0 and 1 and s above 0`,
      hint: "the 95th percentile is p = 0.95",
    });
  }
  const t = sorted.length;
  const [a, b] = [strength * p, strength * (1 - p)];
  const start = logBeta(a, b);
  const isInside = (k: number): boolean =>
    logBeta(k + a, t - k + b) - start - k * Math.log(p) - (t - k) * Math.log1p(-p) < -Math.log(alpha);
  // The left side is convex in k with its minimum near tp, so what is inside is one run around it.
  const centre = Math.min(t, Math.max(0, Math.round(t * p)));
  const lowest = edge(centre, 0, isInside);
  const highest = edge(centre, t, isInside);
  return { low: sorted[lowest - 1] ?? -Infinity, high: sorted[highest] ?? Infinity };
}

/** The last k inside, going from the centre towards an end, by bisection. */
function edge(centre: number, end: number, isInside: (k: number) => boolean): number {
  if (isInside(end)) return end;
  let [inside, outside] = [centre, end];
  while (Math.abs(outside - inside) > 1) {
    const middle = Math.trunc((inside + outside) / 2);
    if (isInside(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}

/** The smallest value that at least a share p of them does not exceed; values in rising order, at least one. */
export function quantileOf(sorted: readonly number[], p: number): number {
  const index = Math.max(0, Math.ceil(sorted.length * p) - 1);
  return sorted[index] ?? Number.NaN;
}
