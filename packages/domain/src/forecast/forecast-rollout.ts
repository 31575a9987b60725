import { smallestDetectable } from "@perch/stats";
import { CLEAN_WINDOWS_TO_PASS, MIN_WINDOW_SESSIONS } from "../gate/merged-windows.ts";
import { DEFAULT_LANDMARK_MS } from "../gate/landmark.ts";
import { isCountGate, isReadAtAge } from "../gate/read-block.ts";
import { formatReleaseReference } from "../release/reference.ts";
import { harmRampOf } from "../rollout/harm-ramp.ts";
import type { RolloutPlan } from "../rollout/plan.ts";
import type { Forecast, ForecastInput, GateForecast, HarmForecast, StepForecast } from "./forecast.ts";
import type { GateModel } from "./gate-model.ts";
import { modelGates } from "./model-gates.ts";
import { harmBudgetPath } from "./harm-budget-path.ts";
import { canarySessionsIn, shareReached, timeFor, whenReached, type Stretch } from "./traffic-path.ts";
import { forecastWaits } from "./forecast-waits.ts";
import { forecastWarnings } from "./forecast-warnings.ts";

type Context = { readonly plan: RolloutPlan; readonly input: ForecastInput; readonly gates: readonly GateModel[] };

/** What will happen, when, and to how many, if traffic and the baseline stay as they are. Estimates by `statistics.md` 1. */
export function forecastRollout(plan: RolloutPlan, input: ForecastInput): Forecast {
  const context = { plan, input, gates: modelGates(plan.gates, input) };
  const steps = harmRampOf(plan) === null ? fixedSteps(context) : rampSteps(context);
  const path = pathOf(steps);
  const harms = path === null ? [] : harmsOf(path, context);
  const exposed = steps.at(-1)?.exposedByEnd ?? null;
  const last = steps.at(-1)?.weightBp ?? 0;
  const forecast = {
    ...headOf(context),
    sessionsPerMinute: input.sessionsPerMinute,
    maturationMs: input.maturationMs,
    steps,
    totalMs: path === null ? null : lengthOf(path),
    waits: forecastWaits(plan),
    harms,
    worstExposure: exposed === null ? null : Math.ceil(exposed + whileDeciding(last, context)),
  };
  return { ...forecast, warnings: [...input.warnings, ...forecastWarnings(plan, input, forecast)] };
}

function headOf({
  plan,
  gates,
}: Context): Pick<Forecast, "name" | "agent" | "release" | "baseline" | "ramp" | "mirror" | "gates"> {
  const { mirror = null, baseline } = plan;
  return {
    name: plan.name,
    agent: plan.agent,
    release: formatReleaseReference(plan.release),
    baseline: baseline.kind === "current" ? "current" : formatReleaseReference(baseline.release),
    ramp: harmRampOf(plan) === null ? "steps" : "harm-budget",
    mirror: mirror === null ? null : { percentageBp: mirror.percentageBp, durationMs: mirror.durationMs },
    gates: gates.map(({ gate, effect, baseline: known, sessions }) => ({
      name: gate.name,
      kind: gate.kind,
      role: gate.role,
      onFail: gate.onFail,
      alpha: gate.alpha,
      direction: gate.direction,
      effect,
      baseline: known,
      sessions,
    })),
  };
}

/** Canary sessions that begin while the last outcomes mature and the rollback travels. */
function whileDeciding(weightBp: number, { plan, input }: Context): number {
  const durationMs = input.maturationMs + plan.propagation.leaseMs;
  return canarySessionsIn({ weightBp, durationMs }, input.sessionsPerMinute);
}

/** Null when some step has no end in sight. */
function pathOf(steps: readonly StepForecast[]): readonly Stretch[] | null {
  const path = steps.flatMap(({ weightBp, durationMs }) => (durationMs === null ? [] : [{ weightBp, durationMs }]));
  return path.length < steps.length ? null : path;
}

function fixedSteps(context: Context): readonly StepForecast[] {
  const steps: StepForecast[] = [];
  for (const [index] of context.plan.steps.entries()) steps.push(forecastStep(index, steps, context));
  return steps;
}

/** One of the needs of a step: so many canary sessions, at least so long. */
type Need = { readonly because: string; readonly sessions: number; readonly ms: number };

function forecastStep(index: number, before: readonly StepForecast[], context: Context): StepForecast {
  const path = pathOf(before);
  const weightBp = context.plan.steps[index]?.weightBp ?? 0;
  const { longest, most, durationMs } = durationOf(needsOf(index, path ?? [], context), settlingMs(context));
  const whole = path !== null && durationMs !== null ? [...path, { weightBp, durationMs }] : null;
  const exposed = whole === null ? null : sessionsIn(whole, context.input);
  return {
    weightBp,
    startsAfterMs: path === null ? null : lengthOf(path),
    durationMs: whole === null ? null : durationMs,
    canarySessions: most === null ? null : Math.ceil(most),
    because: longest.because,
    gates: gatesBy(weightBp, exposed, { index, path: path ?? [], context }),
    exposedByEnd: exposed === null ? null : Math.ceil(exposed),
  };
}

/** How long until all guardrails have read a session: until it ends, and where one asks until it has an age. */
function settlingMs({ plan, input }: Context): number {
  const ages = plan.gates.map((gate) => {
    if (gate.role !== "guardrail" || !isReadAtAge(gate)) return 0;
    return input.landmarks[gate.name]?.ageMs ?? gate.landmark.ageMs ?? DEFAULT_LANDMARK_MS;
  });
  return Math.max(input.maturationMs, ...ages);
}

/** What has begun by the end of the step's needs still has to be read by the gates. */
function durationOf(
  needs: readonly Need[],
  maturationMs: number,
): { readonly longest: Need; readonly most: number | null; readonly durationMs: number | null } {
  const longest = needs.reduce((most, need) => (need.ms > most.ms ? need : most));
  const most = Math.max(...needs.map(({ sessions }) => sessions));
  const durationMs = longest.ms + (most > 0 ? maturationMs : 0);
  return {
    longest,
    most: Number.isFinite(most) ? most : null,
    durationMs: Number.isFinite(durationMs) ? durationMs : null,
  };
}

function sessionsIn(path: readonly Stretch[], { sessionsPerMinute }: ForecastInput): number {
  return path.reduce((sum, stretch) => sum + canarySessionsIn(stretch, sessionsPerMinute), 0);
}

function lengthOf(path: readonly Stretch[]): number {
  return path.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function needsOf(index: number, before: readonly Stretch[], { plan, input, gates }: Context): readonly Need[] {
  const step = plan.steps[index];
  if (step === undefined) return [{ because: "nothing", sessions: 0, ms: 0 }];
  const { sessionsPerMinute } = input;
  const earlier = sessionsIn(before, input);
  const timed = (because: string, sessions: number): Need => {
    return { because, sessions, ms: timeFor(sessions, step.weightBp, sessionsPerMinute) };
  };
  const guardrails = gates.filter(({ gate }) => gate.role === "guardrail");
  const windows = CLEAN_WINDOWS_TO_PASS * MIN_WINDOW_SESSIONS;
  const ofWindows = timed(`${CLEAN_WINDOWS_TO_PASS} clean windows`, windows);
  return [
    { because: "its duration", sessions: 0, ms: step.durationMs },
    timed("its sample size", Math.max(0, step.minCanarySessions - earlier)),
    ...(guardrails.length === 0
      ? []
      : [{ ...ofWindows, ms: Math.max(ofWindows.ms, CLEAN_WINDOWS_TO_PASS * plan.windowMs) }]),
    ...guardrails.map((one) =>
      timed(`the evidence of ${one.gate.name}`, missingToPass(one, index, { before, plan, input })),
    ),
  ];
}

function missingToPass(
  { toPass }: GateModel,
  index: number,
  { before, plan, input }: { before: readonly Stretch[]; plan: RolloutPlan; input: ForecastInput },
): number {
  const stepsAfter = plan.steps.length - 1 - index;
  const needAt = (weightBp: number): number => toPass({ weightBp, stepsAfter });
  const need = needAt(plan.steps[index]?.weightBp ?? 0);
  if (need === 0 || need === Infinity) return need;
  return Math.max(0, 1 - shareReached(before, input.sessionsPerMinute, needAt)) * need;
}

function gatesBy(
  weightBp: number,
  exposed: number | null,
  at: { index: number; path: readonly Stretch[]; context: Context },
): readonly GateForecast[] {
  const { plan, input, gates } = at.context;
  return gates.map((one) => {
    const missing = missingToPass(one, at.index, { before: at.path, plan, input });
    return {
      gate: one.gate.name,
      sessionsToPass: Number.isFinite(missing) ? Math.ceil(missing) : null,
      smallestEffect: foundBy(one, weightBp, exposed),
    };
  });
}

function foundBy({ largest, toFind }: GateModel, weightBp: number, canarySessions: number | null): number | null {
  if (canarySessions === null) return null;
  return smallestDetectable({ largest, canarySessions, sessionsToFind: (effect) => toFind(effect, weightBp) });
}

/** The engine itself, fed with what a canary as good as the baseline would show. */
function rampSteps(context: Context): readonly StepForecast[] {
  const { plan, input, gates } = context;
  const counting = gates.filter(({ gate }) => isCountGate(gate));
  const rates = Object.fromEntries(counting.map(({ gate, baseline }) => [gate.name, baseline.value]));
  const { path, isPromoted } = harmBudgetPath(plan, input, rates);
  const steps: StepForecast[] = [];
  let [ms, exposed] = [0, 0];
  for (const [index, stretch] of path.entries()) {
    const isOpen = index === path.length - 1 && !isPromoted;
    const sessions = canarySessionsIn(stretch, input.sessionsPerMinute);
    exposed += sessions;
    steps.push({
      weightBp: stretch.weightBp,
      startsAfterMs: ms,
      durationMs: isOpen ? null : stretch.durationMs,
      canarySessions: isOpen ? null : Math.ceil(sessions),
      because: index === path.length - 1 ? "the evidence for the promotion" : "the harm budget",
      gates: gates.map((one) => ({
        gate: one.gate.name,
        sessionsToPass: null,
        smallestEffect: foundBy(one, stretch.weightBp, isOpen ? null : exposed),
      })),
      exposedByEnd: isOpen ? null : Math.ceil(exposed),
    });
    ms += stretch.durationMs;
  }
  return steps;
}

function harmsOf(path: readonly Stretch[], context: Context): readonly HarmForecast[] {
  const { input, plan } = context;
  const guardrails = context.gates.filter(({ gate }) => gate.role === "guardrail" && gate.onFail === "rollback");
  const all = sessionsIn(path, input);
  return guardrails.flatMap(({ gate, effect, baseline, sessions, pictured, toFind }) =>
    pictured.map((size) => {
      const found = whenReached(path, input.sessionsPerMinute, (bp) => toFind(size, bp));
      const weightBp = found === null ? (path.at(-1)?.weightBp ?? 0) : weightAt(path, found.ms);
      return {
        gate: gate.name,
        size,
        baselineRate: effect === "rise" ? baseline.value : null,
        canaryRate: effect === "rise" ? baseline.value + size : null,
        isAssumed: sessions === null,
        foundAfterMs: found === null ? null : found.ms + input.maturationMs,
        exposed: Math.ceil((found?.canarySessions ?? all) + whileDeciding(weightBp, { ...context, plan })),
      };
    }),
  );
}

function weightAt(path: readonly Stretch[], ms: number): number {
  let left = ms;
  for (const { weightBp, durationMs } of path) {
    if (left <= durationMs) return weightBp;
    left -= durationMs;
  }
  return path.at(-1)?.weightBp ?? 0;
}
