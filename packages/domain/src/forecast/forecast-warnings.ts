import { boundOf } from "../gate/absolute-evidence.ts";
import { isCountGate } from "../gate/read-block.ts";
import { harmRampOf } from "../rollout/harm-ramp.ts";
import { analysisPolicy } from "../rollout/policies.ts";
import type { RolloutPlan } from "../rollout/plan.ts";
import { formatPercent } from "../rollout/weight.ts";
import { bakeWarnings } from "./bake-warnings.ts";
import type { Forecast, ForecastInput, StepForecast } from "./forecast.ts";
import { formatRate } from "./format-rate.ts";
import { timeFor } from "./traffic-path.ts";

/** Of the baseline's sessions, bad or not over at a landmark. */
const MOST_AT_AGE = 0.5;

/** What will not work as it stands, each with the figure that says so. */
export function forecastWarnings(
  plan: RolloutPlan,
  { sessionsPerMinute, landmarks }: Pick<ForecastInput, "sessionsPerMinute" | "landmarks">,
  { steps, gates }: Pick<Forecast, "steps" | "gates">,
): readonly string[] {
  if (plan.steps.length === 0) return [];
  if (sessionsPerMinute <= 0) return ["there is no traffic: no step would ever be left"];
  return [
    ...unforeseen(plan, gates),
    ...brokenPromises(plan, gates),
    ...bakeWarnings(plan, gates),
    ...youngLandmarks(plan, landmarks),
    ...stepWarnings(plan, sessionsPerMinute, steps),
  ];
}

/** A guardrail that the forecast leaves out still holds up the rollout. */
function unforeseen(plan: RolloutPlan, known: Forecast["gates"]): readonly string[] {
  const isByBudget = harmRampOf(plan) !== null;
  return plan.gates
    .filter((gate) => gate.role === "guardrail")
    .flatMap((gate) => {
      const name = `the guardrail ${gate.name} (${gate.kind})`;
      if (!known.some((one) => one.name === gate.name)) {
        return [
          `${name} is not reckoned with: the baseline has not had 100 sessions with a value, which say how they spread`,
        ];
      }
      if (!isByBudget || isCountGate(gate)) return [];
      return [`${name} may hold up the promotion: by a harm budget, only gates that count are reckoned with`];
    });
}

/** What the baseline breaks itself, a canary like it breaks too. */
function brokenPromises(plan: RolloutPlan, known: Forecast["gates"]): readonly string[] {
  return plan.gates.flatMap((gate) => {
    if (gate.kind !== "absolute" || gate.role === "muted") return [];
    const rate = known.find(({ name }) => name === gate.name)?.baseline.value ?? 0;
    const bound = boundOf(gate);
    if (rate < bound) return [];
    const does = gate.role === "guardrail" ? "never let a step be left" : "complain of a canary like it";
    return [
      `the gate ${gate.name}: ${formatRate(rate)} of the baseline's own sessions break its objective, which allows ${formatRate(bound)}: it would ${does}`,
    ];
  });
}

/** Where most sessions are not over yet, those that fail by not ending look like all the others. */
function youngLandmarks(plan: RolloutPlan, landmarks: ForecastInput["landmarks"]): readonly string[] {
  return plan.gates.flatMap(({ name }) => {
    const known = landmarks[name];
    if (known === undefined || known.rateAtAge <= MOST_AT_AGE) return [];
    return [
      `the gate ${name}: at ${inWords(known.ageMs)} ${formatRate(known.rateAtAge)} of the baseline's own sessions are bad or not known to be over, expected at most ${formatRate(MOST_AT_AGE)}: choose a later age, or leave it out for the 90th percentile (a session that nobody ends is over when the idle timeout has passed)`,
    ];
  });
}

function stepWarnings(plan: RolloutPlan, sessionsPerMinute: number, steps: readonly StepForecast[]): readonly string[] {
  return steps.flatMap((step, index) => {
    const written = plan.steps.find(({ weightBp }) => weightBp === step.weightBp);
    const name = `step ${index + 1} (${formatPercent(step.weightBp)})`;
    const least = written?.minCanarySessions ?? 0;
    const sampleMs = timeFor(least, step.weightBp, sessionsPerMinute);
    const { maxHoldMs } = analysisPolicy(plan);
    // The hold is counted from when the step's own time has passed.
    const patienceMs = (written?.durationMs ?? 0) + maxHoldMs;
    if (sampleMs > patienceMs) {
      return [
        `${name}: ${least} canary sessions take about ${inWords(sampleMs)} at this weight and traffic, expected at most ${inWords(patienceMs)} (its duration and maxHold): ask for fewer, or for more weight`,
      ];
    }
    if (step.startsAfterMs === null) return [];
    if (step.durationMs === null) return [`${name}: no end in sight, because of ${step.because}`];
    if (step.durationMs <= patienceMs) return [];
    return [
      `${name}: takes about ${inWords(step.durationMs)} because of ${step.because}, but ${afterHold(plan)} after ${inWords(patienceMs)}: widen the margin, or give it more weight`,
    ];
  });
}

function afterHold(plan: RolloutPlan): string {
  const { onInconclusive } = analysisPolicy(plan);
  if (onInconclusive === "rollback") return "is rolled back";
  return onInconclusive === "proceed" ? "goes on without a verdict" : "waits for a person";
}

/** Rounded as a forecast deserves. */
export function inWords(ms: number): string {
  if (!Number.isFinite(ms)) return "for ever";
  if (ms >= 86_400_000) return `${(ms / 86_400_000).toFixed(1)} days`;
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`;
}
