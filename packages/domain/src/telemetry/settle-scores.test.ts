import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseSessionId } from "../routing/ids.ts";
import type { Score } from "./score.ts";
import { settleScores } from "./settle-scores.ts";

function aScore(change: Partial<Score>): Score {
  return {
    id: "1",
    agent: null,
    session: parseSessionId("s-1"),
    name: "helpful",
    value: 1,
    label: null,
    at: 100,
    evaluator: null,
    evaluatorVersion: null,
    commentDigest: null,
    ...change,
  };
}

test("of several judgements under one name the latest counts, with the evaluator that gave it", () => {
  const settled = settleScores(
    [
      aScore({ id: "b", at: 200, value: 0.2, evaluator: "judge", evaluatorVersion: "2" }),
      aScore({ id: "a", at: 100, value: 0.9, evaluator: "judge", evaluatorVersion: "1" }),
    ],
    [],
  );
  expect(settled).toEqual({ scores: { helpful: 0.2 }, evaluators: { helpful: "judge@2" }, outcome: null });
});

test("an evaluator that does not say its version is not known by one", () => {
  expect(settleScores([aScore({ evaluator: "user" })], []).evaluators).toEqual({});
});

test("the order in which scores come, and how often, never makes a difference", () => {
  const scores = ["a", "b", "c", "d"].map((id, index) =>
    aScore({ id, value: index, at: index % 2, name: index < 3 ? "x" : "y" }),
  );
  fc.assert(
    fc.property(fc.shuffledSubarray([...scores, ...scores], { minLength: 8 }), (arrived) => {
      expect(settleScores(arrived, [])).toEqual(settleScores(scores, []));
    }),
  );
});
