import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { ladderOf } from "./ladder-rungs.ts";

const statesOf = (rollout: Parameters<typeof ladderOf>[0]): string =>
  ladderOf(rollout)
    .rungs.map((rung) => rung.state)
    .join(" ");

test("a rollout stands on its step, with the passed ones behind it", () => {
  const rollout = { ...sampleRollout("ramping", 40), step: 1, weightBp: 2_500 };
  expect(statesOf(rollout)).toBe("done current ahead ahead");
  expect(ladderOf(rollout).words).toBe("step 2 of 4");
});

test("a promoted rollout has passed every step", () => {
  expect(statesOf(sampleRollout("promoted", 0))).toBe("done done done done");
});

test("a rollout that was taken back shows where it stopped", () => {
  expect(statesOf(sampleRollout("rolledBack", 0))).toBe("stopped ahead ahead ahead");
  expect(ladderOf(sampleRollout("aborted", 40)).words).toBe("stopped on step 1 of 4");
});

test("a rollout that never routed a session has all its steps ahead", () => {
  const rollout = { ...sampleRollout("ramping", 0), phase: "Failed" as const, step: null, weightBp: 0, timeline: [] };
  expect(statesOf(rollout)).toBe("ahead ahead ahead ahead");
});
