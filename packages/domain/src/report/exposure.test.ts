import { expect, test } from "vitest";
import type { Block } from "../gate/block.ts";
import type { JudgementSummary, RolloutEvent } from "../rollout/rollout.ts";
import { excessOf, exposureOf } from "./exposure.ts";
import { worstFurtherHarm } from "./worst-further-harm.ts";

/** One gate's counts as [baseline bad, of, canary bad, of]. */
function aBlock(step: number, [baselineBad, nb, canaryBad, nc]: readonly [number, number, number, number]): Block {
  return {
    step,
    throughSequence: 1,
    openedAt: 0,
    closedAt: 0,
    assigned: { baseline: nb, canary: nc },
    unresolved: 0,
    baselineSessions: nb,
    canarySessions: nc,
    counts: { g: { baselineBad, baselineSessions: nb, canaryBad, canarySessions: nc } },
  };
}

test("the excess is reckoned step by step, so that a rate which rises with the day is not blamed on the canary", () => {
  // 5 % of 190 and 10 first, 14 % of 50 and 50 later: nobody did worse, although the pooled rates say 6.9 and 12.5 %.
  const blocks = [aBlock(0, [9.5, 190, 0.5, 10]), aBlock(1, [7, 50, 7, 50])];
  expect(excessOf(blocks, "g").bad).toBeCloseTo(0);
  expect(excessOf([aBlock(0, [16, 200, 22, 100])], "g")).toEqual({ gate: "g", sessions: 100, bad: 14 });
});

test("a gate that was never judged, or has no baseline beside it, has no excess", () => {
  expect(excessOf([aBlock(0, [0, 0, 5, 10])], "g").bad).toBe(0);
  expect(excessOf([], "g")).toEqual({ gate: "g", sessions: 0, bad: 0 });
  expect(excessOf([aBlock(0, [1, 10, 1, 10])], "other")).toMatchObject({ sessions: 0, bad: 0 });
});

test("exposure adds up over blocks", () => {
  const judgement = {} as JudgementSummary;
  const events: RolloutEvent[] = [1, 2].map((at) => ({
    type: "blockJudged",
    at,
    block: aBlock(0, [1, 20, 0, 3]),
    judgement,
  }));
  expect(exposureOf(events)).toEqual([
    { at: 1, step: 0, canarySessions: 3, baselineSessions: 20 },
    { at: 2, step: 0, canarySessions: 6, baselineSessions: 40 },
  ]);
});

test("what may still come is w n H U, and not known where one of them is not", () => {
  const outlook = { sessionsPerWindow: 100, upperExcess: 0.1 };
  expect(worstFurtherHarm(outlook, 2500, 12)).toBeCloseTo(30);
  expect(worstFurtherHarm({ ...outlook, upperExcess: -0.1 }, 2500, 12)).toBe(0);
  expect(worstFurtherHarm({ ...outlook, upperExcess: null }, 2500, 12)).toBeNull();
  expect(worstFurtherHarm(outlook, null, 12)).toBeNull();
});
