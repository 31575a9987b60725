import { formatDuration } from "../rollout/duration.ts";
import type { RolloutPlan } from "../rollout/plan.ts";
import { formatPercent } from "../rollout/weight.ts";
import type { ForecastInput, StepForecast } from "./forecast.ts";
import { timeFor } from "./traffic-path.ts";

/** Longer than this nobody waits for a step. */
const MAX_HOLD_MS = 12 * 3_600_000;

/** What will not work as it stands, each with the figure that says so. */
export function forecastWarnings(
  plan: RolloutPlan,
  { sessionsPerMinute }: Pick<ForecastInput, "sessionsPerMinute">,
  steps: readonly StepForecast[],
): readonly string[] {
  if (plan.steps.length === 0) return [];
  if (sessionsPerMinute <= 0) return ["there is no traffic: no step would ever be left"];
  return steps.flatMap((step, index) => {
    const written = plan.steps.find(({ weightBp }) => weightBp === step.weightBp);
    const name = `step ${index + 1} (${formatPercent(step.weightBp)})`;
    const least = written?.minCanarySessions ?? 0;
    const sampleMs = timeFor(least, step.weightBp, sessionsPerMinute);
    if (sampleMs > MAX_HOLD_MS) {
      return [
        `${name}: ${least} canary sessions take about ${inWords(sampleMs)} at this weight and traffic, expected at most ${formatDuration(MAX_HOLD_MS)}: ask for fewer, or for more weight`,
      ];
    }
    if (step.startsAfterMs === null) return [];
    if (step.durationMs === null) return [`${name}: no end in sight, because of ${step.because}`];
    if (step.durationMs <= Math.max(MAX_HOLD_MS, written?.durationMs ?? 0)) return [];
    return [
      `${name}: takes about ${inWords(step.durationMs)} because of ${step.because}: widen the margin, or give it more weight`,
    ];
  });
}

/** Rounded as a forecast deserves. */
export function inWords(ms: number): string {
  if (!Number.isFinite(ms)) return "for ever";
  if (ms >= 86_400_000) return `${(ms / 86_400_000).toFixed(1)} days`;
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`;
}
