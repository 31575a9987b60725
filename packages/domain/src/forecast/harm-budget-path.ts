import type { ArmCounts, Block } from "../gate/block.ts";
import { createBoard, observe } from "../gate/board.ts";
import { decide } from "../gate/decide.ts";
import { forecastGates } from "./count-model.ts";
import { affordableStep } from "../rollout/harm-ramp.ts";
import type { RolloutPlan } from "../rollout/plan.ts";
import type { ForecastInput } from "./forecast.ts";
import type { Stretch } from "./traffic-path.ts";

/** A forecast that reaches further is none. */
const MOST_WINDOWS = 2000;

/**
 * The weights that a harm budget gives a canary that is exactly as good as the baseline, window by window, by the very
 * engine that will decide. Counts are what is expected, rounded so that nothing gets lost between windows.
 */
export function harmBudgetPath(
  plan: RolloutPlan,
  input: ForecastInput,
  rates: Readonly<Record<string, number>>,
): { readonly path: readonly Stretch[]; readonly isPromoted: boolean } {
  let board = createBoard({
    gates: forecastGates(plan.gates),
    weightsBp: plan.steps.map(({ weightBp }) => weightBp),
    windowMs: plan.windowMs,
    references: rates,
    consecutiveFailureLimit: plan.consecutiveFailureLimit,
  });
  const draw = createExpectation(plan, input, rates);
  const path: Stretch[] = [];
  let [step, since] = [0, 0];
  for (let n = 1; n <= MOST_WINDOWS; n += 1) {
    const at = n * plan.windowMs;
    board = observe(board, draw(step, n));
    const { weightBp = 0, durationMs = 0, minCanarySessions = 0 } = plan.steps[step] ?? {};
    if (at - since < durationMs + input.maturationMs) continue;
    const isPromoted = decide(board, { step, minCanarySessions, stepsAfter: 0 }).canAdvance;
    const next = affordableStep(board, plan, step);
    if (!isPromoted && next === step) continue;
    path.push({ weightBp, durationMs: at - since });
    if (isPromoted) return { path, isPromoted };
    [step, since] = [next, at];
  }
  path.push({ weightBp: plan.steps[step]?.weightBp ?? 0, durationMs: MOST_WINDOWS * plan.windowMs - since });
  return { path, isPromoted: false };
}

/** One block a window with the expected counts. */
function createExpectation(
  { steps, gates, windowMs }: RolloutPlan,
  { sessionsPerMinute }: ForecastInput,
  rates: Readonly<Record<string, number>>,
): (step: number, n: number) => Block {
  const perWindow = (sessionsPerMinute * windowMs) / 60_000;
  const whole = new Map<string, { exact: number; given: number }>();
  const next = (name: string, more: number): number => {
    const { exact, given } = whole.get(name) ?? { exact: 0, given: 0 };
    const now = Math.round(exact + more) - given;
    whole.set(name, { exact: exact + more, given: given + now });
    return now;
  };
  return (step, n) => {
    const share = (steps[step]?.weightBp ?? 0) / 10_000;
    const canarySessions = next("canary", perWindow * share);
    const baselineSessions = next("baseline", perWindow * (1 - share));
    const countsOf = (gate: string): ArmCounts => ({
      canarySessions,
      baselineSessions,
      canaryBad: Math.min(canarySessions, next(`canary ${gate}`, canarySessions * (rates[gate] ?? 0))),
      baselineBad: Math.min(baselineSessions, next(`baseline ${gate}`, baselineSessions * (rates[gate] ?? 0))),
    });
    return {
      step,
      throughSequence: n,
      openedAt: (n - 1) * windowMs,
      closedAt: n * windowMs,
      // The arms are split as the weight says: no mismatch to be found.
      assigned: { baseline: 0, canary: 0 },
      unresolved: 0,
      baselineSessions,
      canarySessions,
      counts: Object.fromEntries(gates.map(({ name }) => [name, countsOf(name)])),
    };
  };
}
