import {
  aGate,
  aMaturedSession,
  judgeSimulation,
  seededRandom,
  type GateSimulation,
  type SimulatedArm,
} from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freezeQuantiles, referenceOf, type GateReference } from "../gate/gate-reference.ts";
import type { CountGate, GateSpec, MeanGate, QuantileGate } from "../gate/gate-spec.ts";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import type { ForecastInput } from "./forecast.ts";
import type { GateModel } from "./gate-model.ts";
import { knownBaseline } from "./known-baseline.ts";
import { modelGates } from "./model-gates.ts";

const COMMON = { name: "gate", direction: "increase", role: "guardrail", onFail: "rollback", alpha: 0.01 } as const;
const COST: MeanGate = {
  ...COMMON,
  kind: "mean",
  of: "cost",
  objective: null,
  margin: { relative: 0.25 },
  range: null,
};
const CSAT: MeanGate = {
  ...COMMON,
  kind: "mean",
  of: "score.csat",
  direction: "decrease",
  objective: null,
  margin: { absolute: 0.3 },
  range: { low: 1, high: 5 },
};
const P95: QuantileGate = { ...COMMON, kind: "quantile", of: "slowest-turn", q: 0.95, objective: null, margin: 0.3 };
const TOOLS: GateSpec = { ...COMMON, kind: "distribution", of: "trace.tool_ngrams" };
const PROMISE: GateSpec = { ...COMMON, kind: "absolute", of: "escalation-rate", q: null, objective: { max: 0.12 } };

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const DRAWS = {
  cost: (random: () => number): number => Math.exp(0.9 * normal(random)),
  csat: (random: () => number): number => 1 + Math.floor(5 * Math.sqrt(random())),
  turn: (random: () => number): number => Math.exp(0.6 * normal(random)),
};

function valuesOf(draw: (random: () => number) => number): readonly number[] {
  const random = seededRandom(99);
  return Array.from({ length: 2000 }, () => draw(random));
}

const NOTHING: ForecastInput = {
  sessionsPerMinute: 20,
  rates: {},
  values: {},
  features: {},
  landmarks: {},
  maturationMs: 0,
  warnings: [],
};

function modelFor(gate: GateSpec, known: Partial<ForecastInput>): GateModel {
  return modelGates([gate], { ...NOTHING, ...known })[0] ?? expect.fail("the gate has a model");
}

type World = {
  readonly gate: GateSpec;
  readonly known: Partial<ForecastInput>;
  readonly reference: GateReference;
  /** A harm, and the canary's session when it has it; 0 is none. */
  readonly effect: number;
  readonly session: (arm: SimulatedArm, random: () => number, effect: number) => Partial<MaturedSession>;
};

const longer = (value: number, effect: number): number => value * (1 + effect);
const lower = (value: number, effect: number): number => Math.max(1, value - effect);

const WORLDS: Readonly<Record<string, World>> = {
  "a mean of long-tailed costs": {
    gate: COST,
    known: { values: { gate: valuesOf(DRAWS.cost) } },
    reference: { kind: "quantiles", quantiles: freezeQuantiles(COST, valuesOf(DRAWS.cost)) },
    effect: 0.6,
    session: (arm, random, effect) => {
      const costUsd = longer(DRAWS.cost(random), arm === "canary" ? effect : 0);
      return { measures: { ...NO_MEASURES, costUsd } };
    },
  },
  "a mean of scores": {
    gate: CSAT,
    known: { values: { gate: valuesOf(DRAWS.csat) } },
    reference: null,
    effect: 0.6,
    session: (arm, random, effect) => ({
      scores: { csat: lower(DRAWS.csat(random), arm === "canary" ? effect : 0) },
    }),
  },
  "a 95th percentile": {
    gate: P95,
    known: { values: { gate: valuesOf(DRAWS.turn) } },
    reference: { kind: "quantiles", quantiles: freezeQuantiles(P95, valuesOf(DRAWS.turn)) },
    effect: 0.3,
    session: (arm, random, effect) => {
      const slowestTurnMs = longer(DRAWS.turn(random), arm === "canary" ? effect : 0);
      return { measures: { ...NO_MEASURES, slowestTurnMs } };
    },
  },
  "a promise": {
    gate: PROMISE,
    known: { rates: { gate: { rate: 0.06, sessions: 2000 } } },
    reference: null,
    effect: 0.16,
    session: (arm, random, effect) => ({ isEscalated: random() < 0.06 + (arm === "canary" ? effect : 0) }),
  },
};

const WEIGHT_BP = 2500;
const RUNS = 10;
const USUAL: readonly (readonly string[])[] = [
  ["find_user", "answer"],
  ["find_user", "lookup_order", "answer"],
  ["find_user", "verify_identity", "refund"],
];

function simulated({ gate, reference, session }: World, effect: number, canarySessions: number) {
  const simulation = (seed: number): GateSimulation => ({
    gates: [gate],
    references: { gate: reference },
    weightBp: WEIGHT_BP,
    canarySessions: Math.ceil(canarySessions),
    seed,
    session: (arm, random) => session(arm, random, effect),
  });
  const reports = Array.from({ length: RUNS }, (_, seed) => judgeSimulation(simulation(50 + seed)).reports[0]);
  return {
    rejected: reports.filter((report) => report?.verdict.kind === "fail").length,
    passed: reports.filter((report) => report?.nonInferiority.isMet ?? false).length,
  };
}

describe.each(Object.entries(WORLDS))("%s, by the engine itself:", (_, world) => {
  const model = modelFor(world.gate, world.known);

  test("a harm is mostly found with rather more sessions than planned, and mostly not with far fewer", () => {
    const planned = model.toFind(world.effect, WEIGHT_BP);
    expect(simulated(world, world.effect, 1.6 * planned).rejected).toBeGreaterThanOrEqual(RUNS * 0.6);
    expect(simulated(world, world.effect, 0.4 * planned).rejected).toBeLessThanOrEqual(RUNS * 0.4);
  });

  test("an unchanged canary is mostly let on with rather more sessions than planned, and mostly not with far fewer", () => {
    const planned = model.toPass({ weightBp: WEIGHT_BP, stepsAfter: 0 });
    expect(simulated(world, 0, 1.6 * planned).passed).toBeGreaterThanOrEqual(RUNS * 0.6);
    expect(simulated(world, 0, 0.4 * planned).passed).toBeLessThanOrEqual(RUNS * 0.4);
  });
});

test("a use of tools that is new is found sooner the more sessions show it, and later among more features", () => {
  const of = (share: number, features = 50): number =>
    modelFor(TOOLS, { features: { gate: { features, sessions: 1000 } } }).toFind(share, 500);
  expect(of(0.3)).toBeLessThan(of(0.05));
  expect(of(0.05)).toBeLessThan(of(0.05, 300));
  expect(modelFor(TOOLS, {})).toMatchObject({ sessions: null, effect: "new" });
  expect([0, 2, 3].map((stepsAfter) => modelFor(TOOLS, {}).toPass({ weightBp: 500, stepsAfter }))).toEqual([
    100, 100, 0,
  ]);
});

test("a loop that only the canary's sessions have is mostly found with rather more sessions than planned", () => {
  const history = Array.from({ length: 300 }, (_, nth) => aMaturedSession({ toolSequence: USUAL[nth % 3] ?? [] }));
  const known = knownBaseline([TOOLS], history, 0);
  expect(known.features["gate"]).toMatchObject({ sessions: 300 });
  const planned = modelFor(TOOLS, known).toFind(0.2, WEIGHT_BP);
  const world: World = {
    gate: TOOLS,
    known,
    reference: referenceOf(TOOLS, history),
    effect: 0.2,
    session: (arm, random, effect) => {
      const usual = USUAL[Math.floor(3 * random())] ?? [];
      const loops = arm === "canary" && random() < effect;
      return { toolSequence: loops ? [...usual, "answer", "find_user"] : usual };
    },
  };
  expect(simulated(world, 0.2, 1.6 * planned).rejected).toBeGreaterThanOrEqual(RUNS * 0.6);
});

test("with segments a harm of the whole is found later, since half of the money is on its parts", () => {
  const of = (segments: Partial<CountGate>): number =>
    modelFor(aGate({ name: "gate", ...segments }), {}).toFind(0.1, 500);
  expect(of({ segments: "tool" })).toBeGreaterThan(1.1 * of({}));
});

test("means and quantiles of which nothing is known have no model, and neither does a rate of them", () => {
  const gates = [COST, CSAT, P95];
  expect(modelGates(gates, NOTHING)).toEqual([]);
});

test("a canary with half of the traffic has too few to be compared with, and needs more sessions for a mean", () => {
  const model = modelFor(COST, { values: { gate: valuesOf(DRAWS.cost) } });
  expect(model.toFind(0.6, 5000)).toBeGreaterThan(1.5 * model.toFind(0.6, 500));
});

test("never needs fewer than no sessions, and is never NaN, whatever the baseline and the weight", () => {
  const anyValues = fc.array(fc.constantFrom(0, 1e-9, 1, 1e6), { minLength: 1, maxLength: 150 });
  const anyStep = fc.record({ weightBp: fc.constantFrom(1, 500, 5000, 9999), stepsAfter: fc.nat(4) });
  fc.assert(
    fc.property(anyValues, anyStep, fc.double({ min: 0, max: 1, noNaN: true }), (values, step, size) => {
      for (const gate of [COST, P95, TOOLS, PROMISE, aGate({ name: "gate", mde: 0.04 })]) {
        const model = modelFor(gate, { values: { gate: values } });
        for (const needed of [model.toPass(step), model.toFind(size * model.largest, step.weightBp)]) {
          expect(needed).toBeGreaterThanOrEqual(0);
        }
      }
    }),
    { numRuns: 60 },
  );
});
