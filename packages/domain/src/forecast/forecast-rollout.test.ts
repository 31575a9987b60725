import { aRolloutPlan } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RolloutPlan } from "../rollout/plan.ts";
import type { ForecastInput } from "./forecast.ts";
import { forecastRollout } from "./forecast-rollout.ts";

type Json = Record<string, unknown>;
const GATE: Json = { name: "escalation-rate", kind: "proportion" };

function planOf(spec: Json = {}, gates: readonly Json[] = [GATE]): RolloutPlan {
  const steps = "ramp" in spec ? undefined : [{ setWeight: 5 }, { setWeight: 25 }, { setWeight: 50 }];
  return aRolloutPlan({ steps, analysis: { gates }, ...spec });
}

const MEASURED: ForecastInput = {
  sessionsPerMinute: 20,
  rates: { "escalation-rate": { rate: 0.08, sessions: 2000 } },
  values: {},
  features: {},
  landmarks: {},
  maturationMs: 0,
  warnings: [],
};

/** `statistics.md` 1, main comparison: 5 % of 20 sessions a minute, 8 % bad, α = 1 %. */
describe("at the traffic of the published figures", () => {
  const plan = planOf({ steps: [{ setWeight: 5, pause: { duration: "100h" } }] }, [
    { ...GATE, compare: { margin: 0.14 } },
  ]);

  test("8 to 22 % is found after about 68 canary sessions, which are about 68 minutes", () => {
    const harm = forecastRollout(plan, MEASURED).harms.find(
      ({ canaryRate }) => Math.abs((canaryRate ?? 0) - 0.22) < 1e-9,
    );
    expect(harm?.foundAfterMs ?? 0).toBeGreaterThan(55 * 60_000);
    expect(harm?.foundAfterMs ?? 0).toBeLessThan(80 * 60_000);
    // With the lease of 15 s, during which a quarter of a session begins.
    expect(harm?.exposed).toBeGreaterThan(55);
    expect(harm?.exposed).toBeLessThan(80);
  });

  test("about 600 canary sessions find a rise of four points", () => {
    const tenHours = planOf({ steps: [{ setWeight: 5, pause: { duration: "10h" } }] }, [
      { ...GATE, objective: { max: 0.2 } },
    ]);
    const [step] = forecastRollout(tenHours, MEASURED).steps;
    expect(step?.exposedByEnd).toBe(600);
    expect(step?.gates[0]?.smallestEffect).toBeGreaterThan(0.03);
    expect(step?.gates[0]?.smallestEffect).toBeLessThan(0.045);
  });
});

test("each step names what it waits for, and takes longer the less traffic there is", () => {
  const plan = planOf({ steps: [{ setWeight: 5, pause: { minSampleSize: 500 } }, { setWeight: 50 }] });
  const [busy, quiet] = [200, 20].map((sessionsPerMinute) => forecastRollout(plan, { ...MEASURED, sessionsPerMinute }));
  expect(quiet?.steps[0]).toMatchObject({ because: "its sample size", canarySessions: 500, durationMs: 500 * 60_000 });
  expect(quiet?.totalMs ?? 0).toBeGreaterThan(busy?.totalMs ?? Infinity);
});

test("a sample that cannot be had in twelve hours is warned about with the time it takes", () => {
  const plan = planOf({ steps: [{ setWeight: 1, pause: { minSampleSize: 1000 } }, { setWeight: 50 }] });
  const { warnings } = forecastRollout(plan, MEASURED);
  expect(warnings.filter((text) => text.startsWith("step"))).toEqual([
    "step 1 (1 %): 1000 canary sessions take about 3.5 days at this weight and traffic, expected at most 12.0 h (its duration and maxHold): ask for fewer, or for more weight",
  ]);
});

test("what becomes of a step that takes longer than maxHold is part of its warning", () => {
  const slow = { name: "escalation-rate", kind: "proportion", compare: { margin: 0.01 } };
  const analysis = { gates: [slow], maxHold: "1h", onInconclusive: "rollback" };
  const { warnings } = forecastRollout(planOf({ analysis }), MEASURED);
  expect(warnings.at(-1)).toMatch(
    /^step 3 \(50 %\): takes about .* because of the evidence of escalation-rate, but is rolled back after 1.0 h/,
  );
});

test("whom the rollout waits for besides the gates is told in its order", () => {
  const webhooks = [
    { type: "confirm-promotion", name: "cab", url: "https://cab.example" },
    { type: "pre-rollout", url: "https://load.example" },
    { type: "event", url: "https://audit.example" },
  ];
  const steps = [{ setWeight: 5 }, { setWeight: 50, pause: { requiresApproval: true } }];
  const plan = planOf({ steps, analysis: { gates: [GATE], webhooks }, promotion: { requiresApproval: true } });
  expect(forecastRollout(plan, MEASURED).waits).toEqual([
    "before the start: the webhook pre-rollout",
    "after step 2: a person who approves",
    "before the promotion: the webhook cab (confirm-promotion)",
    "before the promotion: a person who approves",
  ]);
});

test("without traffic nothing has an end, and the forecast says why", () => {
  const forecast = forecastRollout(planOf(), { ...MEASURED, sessionsPerMinute: 0 });
  expect(forecast).toMatchObject({ totalMs: null, worstExposure: null });
  expect(forecast.warnings).toEqual(["there is no traffic: no step would ever be left"]);
});

test("a rate that nobody knows is assumed, from the objective where there is one, and marked as such", () => {
  const plan = planOf({}, [
    { ...GATE, objective: { max: 0.15 } },
    { name: "error-rate", kind: "proportion" },
  ]);
  const { gates } = forecastRollout(plan, { ...MEASURED, rates: {} });
  expect(gates.map(({ baseline, sessions }) => [Number(baseline.value.toFixed(6)), sessions])).toEqual([
    [0.1, null],
    [0.08, null],
  ]);
});

test("a guardrail whose values nobody knows is named, and the others are forecast all the same", () => {
  const gates = [GATE, { name: "cost", kind: "mean" }, { name: "duration", kind: "quantile", role: "signal" }];
  const { warnings, steps } = forecastRollout(planOf({}, gates), MEASURED);
  expect(warnings.filter((text) => text.includes("not reckoned with"))).toEqual([
    expect.stringContaining("cost (mean)"),
  ]);
  expect(steps[0]?.gates.map(({ gate }) => gate)).toEqual(["escalation-rate"]);
});

test("a mean whose values are known is reckoned with like a rate: what it finds, what it holds up, and its harms", () => {
  const values = Array.from({ length: 400 }, (_, i) => Math.exp((i % 20) / 10));
  const gates = [GATE, { name: "cost", kind: "mean", compare: { margin: "20%" } }];
  const {
    warnings,
    steps,
    harms,
    gates: told,
  } = forecastRollout(planOf({}, gates), { ...MEASURED, values: { cost: values } });
  expect(warnings.filter((text) => text.includes("not reckoned with"))).toEqual([]);
  expect(told[1]).toMatchObject({ kind: "mean", effect: "relative", sessions: 400, baseline: { statistic: "mean" } });
  const found = steps.map(({ gates: [, cost] }) => cost?.smallestEffect ?? Infinity);
  expect(found).toEqual(found.toSorted((a, b) => b - a));
  expect(found.at(-1)).toBeLessThan(0.5);
  const ofCost = harms.filter(({ gate }) => gate === "cost");
  expect(ofCost.map(({ size, baselineRate }) => [size, baselineRate])).toEqual([
    [0.2, null],
    [0.5, null],
  ]);
  expect(ofCost[1]?.foundAfterMs ?? Infinity).toBeLessThan(ofCost[0]?.foundAfterMs ?? Infinity);
});

test("a promise that the baseline does not keep itself is warned about, one that it keeps is not", () => {
  const gates = [GATE, { name: "error-rate", kind: "absolute", objective: { max: 0.05 } }];
  const warningsAt = (rate: number) =>
    forecastRollout(planOf({}, gates), {
      ...MEASURED,
      rates: { ...MEASURED.rates, "error-rate": { rate, sessions: 500 } },
    }).warnings;
  expect(warningsAt(0.07)).toContain(
    "the gate error-rate: 7 % of the baseline's own sessions break its objective, which allows 5 %: it would never let a step be left",
  );
  expect(warningsAt(0.01).join(" ")).not.toContain("break its objective");
});

test("by a harm budget, a guardrail on a mean is told to be outside of what is foretold", () => {
  const plan = planOf({ ramp: { mode: "harm-budget" } }, [GATE, { name: "cost", kind: "mean" }]);
  const { warnings } = forecastRollout(plan, {
    ...MEASURED,
    values: { cost: Array.from({ length: 200 }, (_, i) => i) },
  });
  expect(warnings).toContainEqual(expect.stringContaining("cost (mean) may hold up the promotion"));
});

test("the worst exposure counts who arrives while outcomes mature and the rollback travels", () => {
  const plan = planOf();
  const [soon, late] = [0, 3_600_000].map((maturationMs) => forecastRollout(plan, { ...MEASURED, maturationMs }));
  const exposed = soon?.steps.at(-1)?.exposedByEnd ?? 0;
  // 50 % of 20 a minute for the lease of 15 s, and three maturations at 1, 5 and 10 sessions a minute besides.
  expect((soon?.worstExposure ?? 0) - exposed).toBeLessThanOrEqual(3);
  expect((late?.worstExposure ?? 0) - (late?.steps.at(-1)?.exposedByEnd ?? 0)).toBeGreaterThan(600);
});

test("a harm budget is foretold by the engine that will decide: growing weights, at most doubled, then the promotion", () => {
  const plan = planOf({ ramp: { mode: "harm-budget", minStep: "0s" } });
  const forecast = forecastRollout(plan, MEASURED);
  const weights = forecast.steps.map(({ weightBp }) => weightBp);
  expect(forecast.ramp).toBe("harm-budget");
  expect(weights[0]).toBe(500);
  expect(weights).toEqual(weights.toSorted((a, b) => a - b));
  // `statistics.md` 3.10: an unchanged canary is promoted after 2.0 hours at B = 25 in the median.
  expect(forecast.totalMs ?? 0).toBeGreaterThan(3_600_000);
  expect(forecast.totalMs ?? Infinity).toBeLessThan(4 * 3_600_000);
});

test("never foretells a negative time, and never fewer people exposed at a later step", () => {
  const anyInput = fc.record({
    sessionsPerMinute: fc.double({ min: 0, max: 10_000, noNaN: true }),
    rate: fc.double({ min: 0, max: 1, noNaN: true }),
    maturationMs: fc.integer({ min: 0, max: 7_200_000 }),
  });
  fc.assert(
    fc.property(anyInput, ({ sessionsPerMinute, rate, maturationMs }) => {
      const rates = { "escalation-rate": { rate, sessions: 100 } };
      const { steps, harms } = forecastRollout(planOf(), { ...MEASURED, sessionsPerMinute, rates, maturationMs });
      const exposed = steps.flatMap(({ exposedByEnd }) => exposedByEnd ?? []);
      expect(exposed).toEqual(exposed.toSorted((a, b) => a - b));
      for (const { durationMs } of steps) expect(durationMs ?? 0).toBeGreaterThanOrEqual(0);
      for (const harm of harms) expect(harm.exposed).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("a guardrail that judges nothing after the promotion is named with what to do, unless nothing is to bake", () => {
  const gates = [
    { name: "escalation-rate", kind: "proportion" },
    { name: "tool-use", kind: "distribution", role: "guardrail", onFail: "rollback" },
    { name: "error-rate", kind: "proportion", objective: { max: 0.2 } },
    { name: "cost", kind: "mean", role: "signal" },
  ];
  const said = (promotion: object) =>
    forecastRollout(planOf({ promotion, analysis: { gates } }), MEASURED).warnings.filter((text) =>
      text.startsWith("after the promotion"),
    );
  expect(said({ bakeTime: "1h" })).toEqual([
    "after the promotion escalation-rate judges nothing: it has no objective, and there is no baseline to compare with; give it an objective",
    "after the promotion tool-use judges nothing: a difference of tool use has nothing to differ from then",
  ]);
  expect(said({ bakeTime: "0s" })).toEqual([]);
});

test("an objective that the baseline itself breaks is warned about, since it would take every release back", () => {
  const gates = [{ name: "escalation-rate", kind: "proportion", objective: { max: 0.05 } }];
  expect(forecastRollout(planOf({ analysis: { gates } }), MEASURED).warnings).toContainEqual(
    expect.stringMatching(
      /^after the promotion escalation-rate would take back a release that is like the baseline: \d+ %/,
    ),
  );
});

describe("a gate that also judges sessions at an age", () => {
  const plan = planOf({}, [{ ...GATE, maturation: "landmark", age: "30m" }]);
  const at = (ageMs: number, rateAtAge: number): ForecastInput => {
    return { ...MEASURED, landmarks: { "escalation-rate": { ageMs, rateAtAge } } };
  };
  const [ended, aged] = [forecastRollout(planOf(), MEASURED), forecastRollout(plan, at(1_800_000, 0.15))];

  test("lets a step be left when its sessions have had that age, and when both views have passed", () => {
    const [plain, both] = [ended.steps[2], aged.steps[2]];
    expect(both?.gates[0]?.sessionsToPass ?? 0).toBeGreaterThan(plain?.gates[0]?.sessionsToPass ?? Infinity);
    const unknown = forecastRollout(plan, MEASURED);
    expect((unknown.steps[0]?.durationMs ?? 0) - (ended.steps[0]?.durationMs ?? 0)).toBe(1_800_000);
  });

  test("has half of its error rate for what ended, and finds that a little later", () => {
    const later = aged.harms.map(({ exposed }, nth) => exposed - (ended.harms[nth]?.exposed ?? 0));
    expect(later.length).toBeGreaterThan(0);
    expect(Math.min(...later)).toBeGreaterThan(0);
  });

  test("warns of an age at which most sessions are not over", () => {
    const youngest = (input: ForecastInput): readonly string[] =>
      forecastRollout(plan, input).warnings.filter((text) => text.includes("not known to be over"));
    expect(youngest(at(1_800_000, 0.15))).toEqual([]);
    expect(youngest(at(300_000, 0.93))[0]).toMatch(
      /^the gate escalation-rate: at 5 min 93 % of the baseline's own sessions are bad or not/,
    );
  });
});

test("a bakeTime that is over before silent sessions are settled is warned about", () => {
  const gates = [{ name: "escalation-rate", kind: "proportion", objective: { max: 0.2 } }];
  const said = (idleTimeout: string) =>
    forecastRollout(planOf({ pins: { idleTimeout }, promotion: { bakeTime: "1h" }, analysis: { gates } }), MEASURED)
      .warnings;
  expect(said("1h")).toContain(
    "after the promotion no session that nobody ends is judged: it is settled 1h after its last turn (idleTimeout), and bakeTime is 1h",
  );
  expect(said("59m").join()).not.toContain("nobody ends");
});
