import { expit, logit } from "../numeric/logit.ts";
import { isInformative, type BlockCounts } from "../odds-ratio/block-counts.ts";

const HALVINGS = 80;
const PRIOR_BAD = 8;
const PRIOR_SESSIONS = 100;

/** The baseline's rate as the blocks before this one show it: (8 + Σ x_b)/(100 + Σ n_b). */
export function predictedBaselineRate(before: { readonly sessions: number; readonly bad: number }): number {
  return (PRIOR_BAD + before.bad) / (PRIOR_SESSIONS + before.sessions);
}

/**
 * ln e-value of one block for "the canary's odds are ψ times the baseline's" against "its rate is at most `margin` above the
 * baseline's" (an absolute difference, 0 unless said), with the baseline's rate θ_b predicted from earlier blocks:
 * x_b ln(θ_b/t) + (n_b−x_b) ln((1−θ_b)/(1−t)) + x_c ln(θ_c/u) + (n_c−x_c) ln((1−θ_c)/(1−u)), u = t + margin, t the null's
 * point nearest in n_b KL(θ_b‖t) + n_c KL(θ_c‖u). Exact for absolute margins, where the conditional test has none.
 * Source: Turner, Ly & Grünwald 2024 (arXiv 2106.02693); `statistics.md` 3.3.
 */
export function logSafeTwoByTwo(
  counts: BlockCounts,
  { baselineRate, logOddsRatio, margin = 0 }: { baselineRate: number; logOddsRatio: number; margin?: number },
): number {
  isInformative(counts);
  const { baselineSessions, baselineBad, canarySessions, canaryBad } = counts;
  if (baselineSessions === 0 || canarySessions === 0) return 0;
  const canaryRate = expit(logit(baselineRate) + logOddsRatio);
  // Inside the null already: nothing to bet on.
  if (canaryRate <= baselineRate + margin) return 0;
  const t = nearestNull({ baselineSessions, canarySessions, baselineRate, canaryRate, margin });
  return (
    gain({ sessions: baselineSessions, bad: baselineBad }, baselineRate, t) +
    gain({ sessions: canarySessions, bad: canaryBad }, canaryRate, t + margin)
  );
}

/** The root of n_b (t−θ_b)/(t(1−t)) + n_c (u−θ_c)/(u(1−u)), which rises in t. */
function nearestNull(at: {
  readonly baselineSessions: number;
  readonly canarySessions: number;
  readonly baselineRate: number;
  readonly canaryRate: number;
  readonly margin: number;
}): number {
  let low = at.baselineRate;
  let high = at.canaryRate - at.margin;
  for (let i = 0; i < HALVINGS; i += 1) {
    const t = (low + high) / 2;
    const u = t + at.margin;
    const slope =
      (at.baselineSessions * (t - at.baselineRate)) / (t * (1 - t)) +
      (at.canarySessions * (u - at.canaryRate)) / (u * (1 - u));
    if (slope < 0) low = t;
    else high = t;
  }
  return (low + high) / 2;
}

type Arm = { readonly sessions: number; readonly bad: number };

function gain({ sessions, bad }: Arm, rate: number, nullRate: number): number {
  return bad * Math.log(rate / nullRate) + (sessions - bad) * (Math.log1p(-rate) - Math.log1p(-nullRate));
}
