import { StatsError } from "../numeric/error.ts";

/** Mean and variance of ln(value) over one arm's sessions. */
export type LogSample = { readonly sessions: number; readonly mean: number; readonly variance: number };

/** Sessions at which the interval is narrowest for its size. */
const TUNED_FOR = 5000;

/**
 * The (1 − α) asymptotic confidence sequence of the ratio canary/baseline of geometric means; null below two sessions in an
 * arm. h = √(s² · 2(nρ²+1)/(n²ρ²) · ln(√(nρ²+1)/α)), s² = n se², ρ² = (−2 ln α + ln(1 − 2 ln α))/N*, N* = 5000.
 * Asymptotic and of logarithms: for people to read; on raw heavy-tailed cost it is badly wrong on the cheap side.
 * Source: Waudby-Smith et al. (arXiv 2103.06476v7), as in GrowthBook; `statistics.md` 3.5.
 */
export function logRatioInterval(
  baseline: LogSample,
  canary: LogSample,
  alpha: number,
): { readonly low: number; readonly ratio: number; readonly high: number } | null {
  if (!(alpha > 0 && alpha < 1)) {
    throw new StatsError({
      code: "parameter_out_of_range",
      message: `found α = ${alpha}, expected a number between 0 and 1`,
      hint: "95 % is α = 0.05",
    });
  }
  if (baseline.sessions < 2 || canary.sessions < 2) return null;
  const n = baseline.sessions + canary.sessions;
  const squaredError = baseline.variance / baseline.sessions + canary.variance / canary.sessions;
  const rhoSquared = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / TUNED_FOR;
  const growth = n * rhoSquared + 1;
  const half = Math.sqrt(
    ((n * squaredError * 2 * growth) / (n * n * rhoSquared)) * Math.log(Math.sqrt(growth) / alpha),
  );
  const difference = canary.mean - baseline.mean;
  return { low: Math.exp(difference - half), ratio: Math.exp(difference), high: Math.exp(difference + half) };
}
