import { featureBets, sessionsToWealth, withShare } from "@perch/stats";
import type { DistributionGate } from "../gate/gate-spec.ts";
import { asksForNonInferiority } from "../gate/ladder.ts";
import { MIN_STRUCTURE_SESSIONS } from "../gate/non-inferiority.ts";
import type { BaselineFeatures } from "./forecast.ts";
import type { GateModel } from "./gate-model.ts";

/** What an agent with a handful of tools has; the sessions needed grow with its logarithm only. */
const ASSUMED_FEATURES = 50;
const PICTURED = [0.05, 0.3] as const;

/**
 * Tool use: evidence is a mean over K features, so one that differs needs K times its own. Reckoned with is one that the
 * baseline's sessions never have and a share of the canary's do, whatever else stays as it was (`statistics.md` 3.6).
 */
export function structureModel(gate: DistributionGate, known: BaselineFeatures | undefined): GateModel {
  const features = Math.max(1, known?.features ?? ASSUMED_FEATURES);
  return {
    gate,
    baseline: { statistic: "features", value: features },
    sessions: known?.sessions ?? null,
    effect: "new",
    largest: 1,
    pictured: PICTURED,
    toPass: ({ stepsAfter }) => (asksForNonInferiority(stepsAfter) ? MIN_STRUCTURE_SESSIONS : 0),
    toFind: (share, weightBp) => {
      const bets = featureBets({ baseline: 0, canary: share, canaryWeight: weightBp / 10_000 });
      return sessionsToWealth(withShare(bets, 1 / features), -Math.log(gate.alpha));
    },
  };
}
