import { expect, test } from "vitest";
import type { RawLog } from "./raw-log.ts";
import type { AttributeValue } from "./raw-span.ts";
import { readEvaluation } from "./read-evaluation.ts";

function anEvaluation(change: Record<string, AttributeValue> = {}, log: Partial<RawLog> = {}): RawLog {
  const attributes = {
    "perch.session.id": "s-1",
    "gen_ai.evaluation.name": "helpful",
    "gen_ai.evaluation.score.value": 0.25,
    ...change,
  };
  return {
    eventName: "gen_ai.evaluation.result",
    at: 100,
    traceId: null,
    spanId: null,
    attributes: new Map(Object.entries(attributes)),
    ...log,
  };
}

test("an evaluation is a score of its session", () => {
  const reading = readEvaluation(anEvaluation({ "gen_ai.evaluation.score.label": "poor" }), 900);
  expect(reading).toMatchObject({
    kind: "score",
    score: { session: "s-1", name: "helpful", value: 0.25, label: "poor", at: 100 },
  });
});

test("the same event sent again has the same id, another has another", () => {
  const idOf = (log: RawLog) => {
    const reading = readEvaluation(log, 900);
    return reading.kind === "score" ? reading.score.id : null;
  };
  expect(idOf(anEvaluation())).toBe(idOf(anEvaluation()));
  expect(idOf(anEvaluation({}, { at: 101 }))).not.toBe(idOf(anEvaluation()));
  expect(idOf(anEvaluation({ "gen_ai.response.id": "r" }))).not.toBe(idOf(anEvaluation()));
});

test("Perch's own session key outranks what frameworks overwrite", () => {
  const reading = readEvaluation(anEvaluation({ "session.id": "other", "gen_ai.conversation.id": "another" }), 900);
  expect(reading).toMatchObject({ score: { session: "s-1" } });
});

test("an evaluation tells its evaluator, and another version of it is another judgement", () => {
  const versioned = (version: string) =>
    readEvaluation(anEvaluation({ "perch.evaluator.name": "judge", "perch.evaluator.version": version }), 900);
  const [one, two] = [versioned("1"), versioned("2")];
  expect(one).toMatchObject({ score: { evaluator: "judge", evaluatorVersion: "1" } });
  expect(one).not.toEqual(two);
  expect(readEvaluation(anEvaluation(), 900)).toMatchObject({ score: { evaluator: null, evaluatorVersion: null } });
});

test("without a time it is as old as its arrival", () => {
  expect(readEvaluation(anEvaluation({}, { at: 0 }), 900)).toMatchObject({ score: { at: 900 } });
});

test.each([
  ["a name", { "gen_ai.evaluation.name": "" }],
  ["a value", { "gen_ai.evaluation.score.value": null }],
  ["a finite value", { "gen_ai.evaluation.score.value": Number.NaN }],
  ["a session", { "perch.session.id": "has spaces" }],
])("refuses an evaluation without %s", (_what, change) => {
  expect(readEvaluation(anEvaluation(change), 900).kind).toBe("refused");
});

test("another log record is none of its business", () => {
  expect(readEvaluation(anEvaluation({}, { eventName: "user.login" }), 900)).toEqual({ kind: "other" });
});

test("an evaluation of what a shadow said is no score of the session, whose user never saw it", () => {
  expect(readEvaluation(anEvaluation({ "perch.arm": "shadow" }), 900)).toEqual({ kind: "other" });
});
