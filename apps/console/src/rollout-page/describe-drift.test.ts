import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { describeDriftPeriod, describeResidual } from "./describe-drift.ts";

test("after a promotion it says how many are still on the old release", () => {
  expect(describeResidual(sampleRollout("promoted", 0))).toBe("12 live sessions (6.0\u202f%) still on 2.3.0");
});

test("after a rollback it says how many are still on the canary", () => {
  expect(describeResidual(sampleRollout("rolledBack", 0))).toBe("17 live sessions (3.1\u202f%) still on 2.3.1");
});

test("while both releases get sessions, or nobody is left, there is nothing to say", () => {
  expect(describeResidual(sampleRollout("ramping", 0))).toBeNull();
  const promoted = sampleRollout("promoted", 0);
  const counts = { ...promoted.drift.counts, liveSessions: { canary: 5, baseline: 0, all: 5 } };
  expect(describeResidual({ ...promoted, drift: { ...promoted.drift, counts } })).toBeNull();
});

test("the period is named; a rollout that another has followed has none", () => {
  const { drift } = sampleRollout("ramping", 0);
  expect(describeDriftPeriod(drift, (drift.since ?? 0) + 90_000)).toMatch(/^since .*\d\d:\d\d; live sessions now$/);
  expect(describeDriftPeriod({ ...drift, since: null }, 0)).toContain("later rollout");
});
