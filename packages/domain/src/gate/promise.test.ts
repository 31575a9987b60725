import { aGate } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AbsoluteGate, DistributionGate, MeanGate, QuantileGate } from "./gate-spec.ts";
import { promiseOf } from "./promise.ts";

const { name, role, onFail, alpha } = aGate();
const COMMON = { name, role, onFail, alpha, direction: "increase" } as const;
const MEAN: MeanGate = {
  ...COMMON,
  kind: "mean",
  of: "cost",
  objective: { max: 0.5 },
  margin: { relative: 0.1 },
  range: null,
};
const QUANTILE: QuantileGate = {
  ...COMMON,
  kind: "quantile",
  of: "slowest-turn",
  q: 0.95,
  objective: { max: 4000 },
  margin: 0.2,
};
const ABSOLUTE: AbsoluteGate = { ...COMMON, kind: "absolute", of: "error-rate", q: null, objective: { max: 0.02 } };
const TOOLS: DistributionGate = { ...COMMON, kind: "distribution", of: "trace.structure" };

test("an objective on a rate, or on a quantile, bounds the share of bad sessions", () => {
  expect(promiseOf(aGate({ objective: { max: 0.12 } }))).toEqual({ kind: "rate", bound: 0.12 });
  expect(promiseOf(aGate({ of: "score.success", direction: "decrease", objective: { min: 0.75 } }))).toEqual({
    kind: "rate",
    bound: 0.25,
  });
  expect(promiseOf(QUANTILE)).toMatchObject({ kind: "rate", bound: expect.closeTo(0.05, 12) });
  expect(promiseOf(ABSOLUTE)).toEqual({ kind: "rate", bound: 0.02 });
  expect(promiseOf({ ...ABSOLUTE, of: "duration", q: 0.9 })).toMatchObject({ bound: expect.closeTo(0.1, 12) });
});

test("an objective on a mean bounds the distance from the best value, and one session counts as ten times that at most", () => {
  expect(promiseOf(MEAN)).toEqual({ kind: "mean", best: 0, sign: 1, bound: 0.5, cap: 5 });
  const csat: MeanGate = {
    ...MEAN,
    of: "score.csat",
    direction: "decrease",
    objective: { min: 4 },
    range: { low: 1, high: 5 },
  };
  expect(promiseOf(csat)).toEqual({ kind: "mean", best: 5, sign: -1, bound: 1, cap: 4 });
});

test.each([
  ["a comparison without an objective", aGate({ objective: null }), "no objective"],
  ["a quantile without an objective", { ...QUANTILE, objective: null }, "no objective"],
  ["tool use", TOOLS, "nothing to differ from"],
  ["a rate that must be nothing", aGate({ objective: { max: 0 } }), "one of them would settle it"],
  ["a rate that may be everything", aGate({ objective: { max: 1 } }), "one of them would settle it"],
  ["a least mean without a largest value", { ...MEAN, direction: "decrease", objective: { min: 2 } }, "least mean"],
  ["a mean that nothing can exceed", { ...MEAN, range: { low: 0, high: 1 }, objective: { max: 1 } }, "at the end"],
  ["a mean that everything exceeds", { ...MEAN, objective: { max: 0 } }, "at the end"],
] as const)("%s promises nothing that can be tested, and says why", (_what, gate, because) => {
  expect(promiseOf(gate)).toEqual({ kind: "none", because: expect.stringContaining(because) });
});
