import { sessionsToRateEvidence } from "@perch/stats";
import { boundOf } from "../gate/absolute-evidence.ts";
import type { AbsoluteGate } from "../gate/gate-spec.ts";
import { asksForNonInferiority, ladderRate } from "../gate/ladder.ts";
import { USUAL_SHARE_OF_OBJECTIVE } from "./count-model.ts";
import type { BaselineRate } from "./forecast.ts";
import { ACCEPT_AT_LOG_E, IMPOSSIBLE, type GateModel } from "./gate-model.ts";

/** Canaries that break their promise by half of it, and twice over. */
const PICTURED = [1.5, 2] as const;

/** A promise: each canary session adds KL(rate ‖ bound), and a rate beyond the bound is what is found (Wald's approximation). */
export function absoluteModel(gate: AbsoluteGate, known: BaselineRate | undefined): GateModel {
  const bound = boundOf(gate);
  const rate = known?.rate ?? bound * USUAL_SHARE_OF_OBJECTIVE;
  return {
    gate,
    baseline: { statistic: "rate", value: rate },
    sessions: known?.sessions ?? null,
    effect: "rise",
    largest: 1 - rate - IMPOSSIBLE,
    pictured: PICTURED.map((times) => times * bound - rate).filter((rise) => rise > 0 && rate + rise < 1),
    toPass: ({ stepsAfter }) => {
      if (!asksForNonInferiority(stepsAfter)) return 0;
      const level = ladderRate(bound, stepsAfter);
      return rate < level ? sessionsToRateEvidence(rate, level, ACCEPT_AT_LOG_E) : Infinity;
    },
    toFind: (rise) =>
      rate + rise > bound ? sessionsToRateEvidence(rate + rise, bound, -Math.log(gate.alpha)) : Infinity,
  };
}
