import { nextWeight } from "@perch/stats";
import type { GateBoard } from "../gate/board.ts";
import { sessionsPerWindow } from "../gate/pace.ts";
import { upperExcess } from "../gate/upper-excess.ts";
import type { HarmBudgetRamp, RolloutPlan, RolloutStep } from "./plan.ts";

/** The weights that a harm budget may choose from; at most doubled at once, and never beyond half of the sessions. */
const RUNGS_BP = [500, 750, 1000, 1500, 2000, 3000, 4000, 5000] as const;
/** A rung is an exact number, the affordable weight is not. */
const ROUNDING = 1e-9;

/** Every rung may be the last one: the promotion asks each for the same evidence. */
export function harmSteps(durationMs: number, minCanarySessions: number): readonly RolloutStep[] {
  return RUNGS_BP.map((weightBp) => ({ weightBp, durationMs, minCanarySessions, requiresApproval: false }));
}

export function harmRampOf(plan: RolloutPlan): HarmBudgetRamp | null {
  return plan.ramp?.kind === "harm-budget" ? plan.ramp : null;
}

/** What the harm budget rests on in a step. Null fields: not measured yet, so that nothing is raised. */
export type HarmOutlook = { readonly sessionsPerWindow: number | null; readonly upperExcess: number | null };

export function harmOutlook(board: GateBoard, plan: RolloutPlan, step: number): HarmOutlook {
  return {
    sessionsPerWindow: sessionsPerWindow(board.pace[step], plan.windowMs),
    upperExcess: upperExcess(board.gates),
  };
}

/**
 * The highest step whose expected harm stays within the budget at the worst rate still believed; never below `step`, since
 * weights only grow. w ≤ B/(H n max(U, 0.001)) and at most 2w at once (`statistics.md` 3.10).
 */
export function affordableStep(board: GateBoard, plan: RolloutPlan, step: number): number {
  const ramp = harmRampOf(plan);
  const outlook = harmOutlook(board, plan, step);
  if (ramp === null || outlook.sessionsPerWindow === null || outlook.upperExcess === null) return step;
  const traffic = { sessionsPerWindow: outlook.sessionsPerWindow, upperExcess: outlook.upperExcess };
  const budget = { tolerated: ramp.budget, windows: ramp.horizonWindows };
  const share = nextWeight((plan.steps[step]?.weightBp ?? 0) / 10_000, traffic, budget);
  const affordable = plan.steps.findLastIndex(({ weightBp }) => weightBp <= share * 10_000 + ROUNDING);
  return Math.max(step, affordable);
}
