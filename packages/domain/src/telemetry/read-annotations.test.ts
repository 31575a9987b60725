import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import type { AttributeValue, RawSpan } from "./raw-span.ts";
import { readAnnotations } from "./read-annotations.ts";

const NAMED = { "perch.session.id": "s-1", "perch.agent": "support" };

const aSpanWith = (attributes: Record<string, AttributeValue>, change: Partial<RawSpan> = {}): RawSpan =>
  aRawSpanWith(attributes, { scopeName: "", startedAt: 1000, durationMs: 50, ...change });

test("annotations of the span, of its trace and of its session are scores of the session", () => {
  const span = aSpanWith({
    ...NAMED,
    "annotations.0.annotation.name": "grounded",
    "annotations.0.annotation.score": 1,
    "annotations.0.annotation.label": "factual",
    "annotations.0.annotation.annotator_kind": "LLM",
    "annotations.1.annotation.name": "polite",
    "annotations.1.annotation.score": 0.5,
    "trace.evaluations.0.evaluation.name": "correct",
    "trace.evaluations.0.evaluation.score": 0.95,
    "session.annotations.0.annotation.name": "resolved",
    "session.annotations.0.annotation.score": 0,
    "session.annotations.0.annotation.metadata": '{"evaluator_name":"resolver","evaluator_version":7}',
  });
  expect(readAnnotations(span).map((reading) => reading.kind === "score" && reading.score)).toMatchObject([
    { agent: "support", session: "s-1", name: "grounded", value: 1, label: "factual", at: 1050, evaluator: "llm" },
    { name: "polite", value: 0.5, label: null, evaluator: null, evaluatorVersion: null },
    { name: "correct", value: 0.95 },
    { name: "resolved", value: 0, evaluator: "resolver", evaluatorVersion: "7" },
  ]);
});

test("told again under its identifier, an annotation of a session is the same one, whatever span tells of it", () => {
  const told = (score: number, spanId: string) =>
    readAnnotations(
      aSpanWith(
        {
          ...NAMED,
          "session.evaluations.0.evaluation.name": "resolved",
          "session.evaluations.0.evaluation.score": score,
          "session.evaluations.0.evaluation.identifier": "final",
        },
        { spanId },
      ),
    ).map((reading) => (reading.kind === "score" ? reading.score.id : null));
  expect(told(1, "b7ad6b7169203331")).toEqual(told(0, "00000000000000aa"));
});

test.each([
  ["a number", { ...NAMED, "annotations.0.annotation.label": "good" }, "no finite score"],
  ["a session", { "session.id": "has spaces", "annotations.0.annotation.score": 1 }, "names no session"],
])("an annotation without %s cannot count, and says why", (_what, attributes, because) => {
  const span = aSpanWith({ "annotations.0.annotation.name": "grounded", ...attributes });
  expect(readAnnotations(span)).toEqual([{ kind: "refused", because: expect.stringContaining(because) }]);
});

test("what is said of a shadow's answer is no score of the session, and most spans have none at all", () => {
  const annotated = { "annotations.0.annotation.name": "grounded", "annotations.0.annotation.score": 1 };
  expect(readAnnotations(aSpanWith({ ...NAMED, ...annotated, "perch.arm": "shadow" }))).toEqual([]);
  expect(readAnnotations(aSpanWith(NAMED))).toEqual([]);
});
