import { aRolloutFile } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { parseRolloutSpec } from "./spec.ts";

type Json = Record<string, unknown>;

function parse(gate: Json) {
  return parseRolloutSpec(aRolloutFile({ strategy: { type: "session" }, analysis: { gates: [gate] } }));
}

function planned(gate: Json) {
  const parsed = parse(gate);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan.gates[0];
}

function problemsOf(gate: Json): readonly string[] {
  const parsed = parse(gate);
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("what a gate of each kind is by default:", () => {
  const cases: readonly [string, Json, Json][] = [
    [
      "a mean",
      { name: "cost", kind: "mean" },
      { kind: "mean", of: "cost", direction: "increase", margin: { relative: 0.1 }, range: null, onFail: "rollback" },
    ],
    [
      "the mean of sentiment",
      { name: "mood", kind: "mean", of: "sentiment" },
      { direction: "decrease", margin: { absolute: 0.1 }, range: { low: -1, high: 1 } },
    ],
    [
      "a quantile",
      { name: "p95", kind: "quantile", of: "slowest-turn", objective: { max: "4s" } },
      { kind: "quantile", q: 0.95, margin: 0.2, objective: { max: 4000 } },
    ],
    [
      "a rate",
      { name: "failed-turns", kind: "rate" },
      { kind: "rate", of: "failed-turns", margin: { absolute: 0.02 }, range: { low: 0, high: 1 } },
    ],
    [
      "a distribution, which only pauses",
      { name: "tool-sequence", kind: "distribution", of: "trace.tool_ngrams" },
      { kind: "distribution", of: "trace.tool_ngrams", role: "signal", onFail: "pause" },
    ],
    [
      "a distribution that is told to roll back",
      { name: "tool-sequence", kind: "distribution", role: "guardrail", onFail: "rollback" },
      { of: "trace.structure", role: "guardrail", onFail: "rollback" },
    ],
    [
      "an absolute rate",
      { name: "escalation-rate", kind: "absolute", objective: { max: 0.12 } },
      { kind: "absolute", of: "escalation-rate", q: null, objective: { max: 0.12 } },
    ],
    [
      "an absolute quantile",
      { name: "duration", kind: "absolute", q: 0.99, objective: { max: "1m" } },
      { of: "duration", q: 0.99, objective: { max: 60_000 } },
    ],
    [
      "a score that is counted",
      { name: "score.csat", kind: "score", below: 3 },
      { kind: "score", of: "score.csat", direction: "decrease", margin: 0.04, badBelow: 3 },
    ],
    [
      "a score that is averaged",
      { name: "csat", kind: "score", of: "score.csat", range: [1, 5], objective: { min: 4 } },
      { kind: "mean", direction: "decrease", margin: { absolute: 0.2 }, range: { low: 1, high: 5 } },
    ],
    [
      "a landmark",
      { name: "escalation-rate", kind: "proportion", maturation: "landmark", age: "20m" },
      { landmark: { ageMs: 1_200_000 } },
    ],
    [
      "a landmark whose age history gives",
      { name: "escalation-rate", kind: "proportion", maturation: "landmark" },
      { landmark: { ageMs: null } },
    ],
    [
      "an SPRT, whose design is the margin too",
      { name: "error-rate", kind: "proportion", compare: { method: "sprt", mde: 0.06 } },
      { mde: 0.06, margin: 0.06 },
    ],
    [
      "an SPRT of scores with a margin of its own",
      { name: "score.csat", kind: "score", below: 3, compare: { method: "sprt", mde: 0.06, margin: 0.03 } },
      { mde: 0.06, margin: 0.03, badBelow: 3 },
    ],
    ["segments", { name: "error-rate", kind: "proportion", segments: "tool" }, { segments: "tool" }],
  ];
  test.each(cases)("%s", (_, gate, expected) => {
    expect(planned(gate)).toMatchObject(expected);
  });
});

test("a margin of a mean is a share of the baseline's, or an amount", () => {
  const of = (margin: unknown) => planned({ name: "cost", kind: "mean", compare: { method: "betting", margin } });
  expect(of("12.5%")).toMatchObject({ margin: { relative: 0.125 } });
  expect(of(0.02)).toMatchObject({ margin: { absolute: 0.02 } });
});

describe("is refused, and only that is:", () => {
  const cases: readonly [string, Json, string][] = [
    ["a gate without a kind", { name: "cost" }, "kind: found nothing, expected one of proportion, mean"],
    ["a field of another kind", { name: "cost", kind: "mean", q: 0.9 }, 'q: found an unknown field "q"'],
    [
      "a metric of another kind",
      { name: "x", kind: "quantile", of: "escalation-rate" },
      "expected duration, slowest-turn",
    ],
    ["a name that is no metric of the kind", { name: "failed-turns", kind: "mean" }, 'without "of"'],
    [
      "a time as a number",
      { name: "p95", kind: "quantile", of: "duration", objective: { max: 4 } },
      'objective.max: found 4, expected a duration such as "4s"',
    ],
    [
      "a time where there is none",
      { name: "cost", kind: "mean", objective: { max: "4s" } },
      'objective.max: found "4s", expected a number',
    ],
    [
      "a quantile's margin as an amount",
      { name: "duration", kind: "quantile", compare: { margin: 20 } },
      "compare.margin: found 20",
    ],
    [
      "a share of sentiment",
      { name: "sentiment", kind: "mean", compare: { margin: "10%" } },
      "sentiment has no zero point",
    ],
    [
      "a promise of nothing",
      { name: "error-rate", kind: "absolute", objective: { max: 0 } },
      "expected a rate of sessions between 0 and 1",
    ],
    [
      "an absolute rate with a q",
      { name: "error-rate", kind: "absolute", q: 0.9, objective: { max: 0.1 } },
      "q: found one",
    ],
    ["an absolute value without one", { name: "cost", kind: "absolute", objective: { max: 1 } }, "q: found none"],
    ["an absolute gate without an objective", { name: "error-rate", kind: "absolute" }, "objective: found nothing"],
    [
      "a score with a range and a limit",
      { name: "score.csat", kind: "score", below: 3, range: [1, 5] },
      "found both below and range",
    ],
    ["a range upside down", { name: "score.csat", kind: "score", range: [5, 1] }, "expected the lower end first"],
    ["an age of no landmark", { name: "error-rate", kind: "proportion", age: "5m" }, "found an age without"],
    [
      "segments of a landmark",
      { name: "error-rate", kind: "proportion", maturation: "landmark", segments: "tool" },
      "found segments of a landmark gate",
    ],
    [
      "a signal on tool use that rolls back",
      { name: "tools", kind: "distribution", onFail: "rollback" },
      "found rollback on a signal gate",
    ],
    [
      "an SPRT that is designed for nothing",
      { name: "error-rate", kind: "proportion", compare: { method: "sprt" } },
      "compare: found method sprt without an mde, expected the rise to design for, such as 0.04",
    ],
    [
      "a design that no test has",
      { name: "error-rate", kind: "proportion", compare: { mde: 0.04 } },
      "compare: found an mde without method: sprt, expected both or neither",
    ],
    [
      "an SPRT of means",
      { name: "cost", kind: "mean", compare: { method: "sprt" } },
      'compare.method: found "sprt", expected betting: sprt is for rates of bad sessions',
    ],
    [
      "an SPRT of a quantile",
      { name: "duration", kind: "quantile", compare: { method: "sprt" } },
      'compare.method: found "sprt", expected eprocess: sprt is for rates of bad sessions',
    ],
    [
      "an SPRT of the mean of scores",
      { name: "score.csat", kind: "score", range: [1, 5], compare: { method: "sprt", mde: 0.2 } },
      "compare: found method sprt, expected betting: with a range means are compared",
    ],
    [
      "an SPRT of segments",
      { name: "error-rate", kind: "proportion", segments: "tool", compare: { method: "sprt", mde: 0.04 } },
      "segments: found segments of an sprt, expected eprocess",
    ],
    [
      "an SPRT with a landmark",
      { name: "error-rate", kind: "proportion", maturation: "landmark", compare: { method: "sprt", mde: 0.04 } },
      "maturation: found a landmark of an sprt, expected eprocess",
    ],
    ["a quantile beyond the tail", { name: "duration", kind: "quantile", q: 0.9999 }, "q: found 0.9999"],
  ];
  test.each(cases)("%s", (_, gate, message) => {
    expect(problemsOf(gate)).toEqual([expect.stringContaining(message)]);
  });
});
