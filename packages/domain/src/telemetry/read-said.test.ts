import { aRawSpanWith } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readSaid } from "./read-said.ts";

const NAMED = { "perch.session.id": "s-1", "perch.agent": "support" };

const aSpanWith = (attributes: Record<string, AttributeValue>, change: Partial<RawSpan> = {}): RawSpan =>
  aRawSpanWith(attributes, { scopeName: "", startedAt: 1000, durationMs: 50, ...change });

function scoresOf(attributes: Record<string, AttributeValue>): readonly unknown[] {
  return readSaid(aSpanWith(attributes)).map((reading) => (reading.kind === "score" ? reading.score : reading));
}

test.each<[AttributeValue, { value: number; label: string | null }]>([
  ["success", { value: 1, label: "success" }],
  ["Failure", { value: 0, label: "failure" }],
  [true, { value: 1, label: "success" }],
  [false, { value: 0, label: "failure" }],
  ["true", { value: 1, label: "success" }],
  [0.7, { value: 0.7, label: null }],
  ["0.25", { value: 0.25, label: null }],
])("the outcome %j of a span is its session's, as of the end of the span", (outcome, said) => {
  expect(scoresOf({ ...NAMED, "perch.outcome": outcome })).toMatchObject([
    { agent: "support", session: "s-1", name: "outcome", at: 1050, evaluator: null, ...said },
  ]);
});

test("an escalation is said with or without a reason", () => {
  expect(scoresOf({ ...NAMED, "perch.escalation": true })).toMatchObject([
    { session: "s-1", name: "perch.escalation", value: 1, label: null },
  ]);
  expect(scoresOf({ ...NAMED, "perch.escalation": " asked for a person " })).toMatchObject([
    { name: "perch.escalation", label: "asked for a person" },
  ]);
  expect(scoresOf({ ...NAMED, "perch.escalation": false })).toEqual([]);
  expect(scoresOf({ ...NAMED, "perch.escalation": "false" })).toEqual([]);
});

test.each([
  "mastra.metadata.",
  "ai.telemetry.metadata.",
  "langfuse.trace.metadata.",
  "traceloop.association.properties.",
])("what %s holds is said as well, the session too", (prefix) => {
  const said = { [`${prefix}perch.outcome`]: "success", [`${prefix}perch.session.id`]: "s-2" };
  expect(scoresOf(said)).toMatchObject([{ session: "s-2", name: "outcome", label: "success" }]);
  expect(scoresOf({ ...said, [`${prefix}perch.arm`]: "shadow" })).toEqual([]);
});

test("what a shadow says is nothing that the user's session came to", () => {
  expect(scoresOf({ ...NAMED, "perch.arm": "shadow", "perch.outcome": "failure", "perch.escalation": true })).toEqual(
    [],
  );
});

test("an outcome that names no session, or that is no outcome, is refused with what was expected", () => {
  expect(scoresOf({ "perch.outcome": "success" })).toEqual([
    { kind: "refused", because: "a span tells of the outcome and names no session (perch.session.id)" },
  ]);
  expect(scoresOf({ ...NAMED, "perch.outcome": "meh" })).toMatchObject([
    { kind: "refused", because: expect.stringContaining("none of success, failure") },
  ]);
  expect(scoresOf({ ...NAMED, "perch.outcome": Number.NaN })).toMatchObject([{ kind: "refused" }]);
  expect(scoresOf({ ...NAMED, "perch.escalation": 3 })).toMatchObject([{ kind: "refused" }]);
});

test("the same span sent again says the same, another one something of its own", () => {
  const attributes = { ...NAMED, "perch.outcome": "success" };
  expect(scoresOf(attributes)).toEqual(scoresOf(attributes));
  const [first] = readSaid(aSpanWith(attributes));
  const [other] = readSaid(aSpanWith(attributes, { spanId: "00f067aa0ba902b7" }));
  expect(first).not.toEqual(other);
});

test("a score is always a finite number of a named session, whatever is sent", () => {
  const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant([]));
  fc.assert(
    fc.property(value, value, fc.string(), (outcome, escalation, session) => {
      const sent = { "perch.outcome": outcome, "perch.escalation": escalation, "perch.session.id": session };
      const scores = readSaid(aSpanWith(sent)).flatMap((reading) => (reading.kind === "score" ? [reading.score] : []));
      expect(scores.filter((score) => !Number.isFinite(score.value) || score.session !== session)).toEqual([]);
    }),
  );
});
