import { aMaturedSession } from "@perch/testkit";
import { expect, test } from "vitest";
import { badOf } from "./bad-of.ts";

test("an escalated session is bad for the escalation rate and for nothing else", () => {
  const session = aMaturedSession({ isEscalated: true, toolSequence: ["escalate_to_human"], scores: { success: 1 } });
  expect(badOf(session, "escalation-rate")).toBe(true);
  expect(badOf(session, "error-rate")).toBe(false);
  expect(badOf(session, "tool-error-rate")).toBe(false);
  expect(badOf(session, "score.success")).toBe(false);
});

test("one failed turn makes a session bad for the error rate", () => {
  expect(badOf(aMaturedSession({ turns: 9, failedTurns: 1 }), "error-rate")).toBe(true);
});

test("a session that called no tool says nothing about tool errors", () => {
  expect(badOf(aMaturedSession({ toolSequence: [] }), "tool-error-rate")).toBeNull();
  expect(badOf(aMaturedSession({ toolSequence: ["a", "a"], failedToolCalls: 1 }), "tool-error-rate")).toBe(true);
  expect(badOf(aMaturedSession({ toolSequence: ["a"], failedToolCalls: 0 }), "tool-error-rate")).toBe(false);
});

test.each([
  [0, true],
  [0.49, true],
  [0.5, false],
  [1, false],
])("a score of %d is bad: %s", (value, isBad) => {
  expect(badOf(aMaturedSession({ scores: { helpful: value } }), "score.helpful")).toBe(isBad);
});

test("a session without the score is not counted, neither good nor bad", () => {
  expect(badOf(aMaturedSession({ scores: { helpful: 1 } }), "score.success")).toBeNull();
  expect(badOf(aMaturedSession({ scores: { success: Number.NaN } }), "score.success")).toBeNull();
});
