import { promiseOf } from "../gate/promise.ts";
import { formatDuration } from "../rollout/duration.ts";
import type { RolloutPlan } from "../rollout/plan.ts";
import { watchAfterPromotion } from "../rollout/watch-after-promotion.ts";
import type { Forecast } from "./forecast.ts";
import { formatRate } from "./format-rate.ts";

/** What a promotion that bakes would not notice, or would notice of every release. */
export function bakeWarnings(plan: RolloutPlan, known: Forecast["gates"]): readonly string[] {
  const { bakeTimeMs, watching, silent } = watchAfterPromotion(plan);
  // Whoever wrote that it does not bake knows that nothing is judged then.
  if (bakeTimeMs === 0) return [];
  return [
    ...silent.map(
      ({ gate, because }) => `after the promotion ${gate} judges nothing: ${because}${adviceFor(plan, gate)}`,
    ),
    ...(watching.length === 0 ? [] : endsTooSoon(plan, bakeTimeMs)),
    ...watching.flatMap((gate) => brokenByBaseline(plan, gate, known)),
  ];
}

/** Where the file leaves the idle timeout to the server it is not known here. */
function endsTooSoon({ idleTimeoutMs }: RolloutPlan, bakeTimeMs: number): readonly string[] {
  if (idleTimeoutMs === null || bakeTimeMs > idleTimeoutMs) return [];
  const [bake, idle] = [formatDuration(bakeTimeMs), formatDuration(idleTimeoutMs)];
  return [
    `after the promotion no session that nobody ends is judged: it is settled ${idle} after its last turn (idleTimeout), and bakeTime is ${bake}`,
  ];
}

function adviceFor({ gates }: RolloutPlan, name: string): string {
  const gate = gates.find((one) => one.name === name);
  const lacksObjective = gate !== undefined && "objective" in gate && gate.objective === null;
  return lacksObjective ? "; give it an objective" : "";
}

/** Of gates that count: what the old release breaks itself, one that is like it breaks too. */
function brokenByBaseline({ gates }: RolloutPlan, name: string, known: Forecast["gates"]): readonly string[] {
  const gate = gates.find((one) => one.name === name);
  if (gate === undefined || (gate.kind !== "proportion" && gate.kind !== "score")) return [];
  const promise = promiseOf(gate);
  const rate = known.find((one) => one.name === name)?.baseline.value ?? 0;
  if (promise.kind !== "rate" || rate < promise.bound) return [];
  return [
    `after the promotion ${name} would take back a release that is like the baseline: ${formatRate(rate)} of the baseline's own sessions are bad, and its objective allows ${formatRate(promise.bound)}`,
  ];
}
