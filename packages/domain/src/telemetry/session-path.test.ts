import * as fc from "fast-check";
import { aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import { sessionPath, stepsOf } from "./session-path.ts";
import type { Span } from "./span.ts";

const spanOf = (spanId: string, parentSpanId: string | null, change: Partial<Span> = {}): Span =>
  aSpan({ spanId, parentSpanId, startedAt: Number.parseInt(spanId, 16), tool: aToolCall({ name: spanId }), ...change });

const TRACE = [
  spanOf("01", null, { kind: "turn", tool: null }),
  spanOf("02", "01", { kind: "other", tool: null }),
  spanOf("03", "02"),
  spanOf("04", "03", { kind: "turn", tool: null, agent: "helper" }),
  spanOf("05", "04", { kind: "reasoning", tool: null, model: "m" }),
  spanOf("06", "01"),
];

test("steps are below what they are the work of; turns and links between them are none", () => {
  expect(stepsOf(TRACE, null).map(({ span, depth, role }) => [span.spanId, depth, role])).toEqual([
    ["03", 0, "action"],
    ["04", 1, "subAgent"],
    ["05", 2, "action"],
    ["06", 0, "action"],
  ]);
});

test("the order in which spans came never changes the path", () => {
  const expected = stepsOf(TRACE, null);
  fc.assert(
    fc.property(fc.shuffledSubarray([...TRACE, ...TRACE], { minLength: 12 }), (spans) => {
      expect(stepsOf(spans, null)).toEqual(expected);
    }),
  );
});

test("a span that names another release than its turn claims it; one that names the same, or none, claims nothing", () => {
  const attribution = { ...aSpan().attribution, release: digestOf("another") };
  const [first, second] = stepsOf([spanOf("03", null, { attribution }), spanOf("06", null)], digestOf("own"));
  expect([first?.claims, second?.claims]).toEqual([digestOf("another"), null]);
  expect(stepsOf([spanOf("03", null, { attribution })], digestOf("another"))[0]?.claims).toBeNull();
});

test("a session's turns come by time, once each, with the steps of their own traces", () => {
  const turn = (id: string, traceId: string, startedAt: number) => aTurnRecord({ id, traceId, startedAt });
  const [early, late] = [turn("1", "a".repeat(32), 10), turn("2", "b".repeat(32), 20)];
  const evidence = {
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    turns: [late, early, late, aTurnRecord({ id: "3", kind: "sessionEnd" })],
    moves: [],
    scores: [],
    spans: [spanOf("03", null, { traceId: "b".repeat(32) })],
  };
  expect(sessionPath(evidence).map(({ record, steps }) => [record.id, steps.map(({ span }) => span.spanId)])).toEqual([
    ["1", []],
    ["2", ["03"]],
  ]);
});
