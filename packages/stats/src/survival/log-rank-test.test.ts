import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { observeLogRank, UNDECIDED_LOG_RANK } from "./log-rank-test.ts";

test("one event is worth 1 on average when every session at risk is as likely to have it", () => {
  for (const atRisk of [
    { baseline: 19, canary: 1 },
    { baseline: 3, canary: 5 },
  ]) {
    const share = atRisk.canary / (atRisk.canary + atRisk.baseline);
    const at = (arm: "baseline" | "canary") => Math.exp(observeLogRank(UNDECIDED_LOG_RANK, arm, atRisk).logE);
    expect(share * at("canary") + (1 - share) * at("baseline")).toBeCloseTo(1, 12);
  }
});

test("a canary with three times the hazard is found, and an event in an empty arm is none", () => {
  let state = UNDECIDED_LOG_RANK;
  for (let i = 0; i < 120; i += 1) {
    // Of 95 + 5·3 parts of hazard.
    state = observeLogRank(state, i % 22 < 3 ? "canary" : "baseline", { baseline: 95, canary: 5 });
  }
  expect(state.logE).toBeGreaterThan(Math.log(20));
  expect(() => observeLogRank(state, "canary", { baseline: 5, canary: 0 })).toThrow(StatsError);
});

test("an arm that is alone at risk says nothing", () => {
  expect(observeLogRank(UNDECIDED_LOG_RANK, "canary", { baseline: 0, canary: 4 }).logE).toBeCloseTo(0, 12);
});
