import { expect, test } from "vitest";
import { createHarmLog } from "./harm.ts";
import { HOUR_MS } from "./scenario.ts";
import { ONE } from "./scenarios.ts";
import { canaryAt, known } from "./traffic.ts";

const scenario = { ...ONE, name: "harm", traffic: known(canaryAt(0.58)) };
const budget = { kind: "harm-budget", budget: 1.2, horizonWindows: 12 } as const;

test("counts what the canary did beyond the baseline, and the worst that was to be expected in an hour", () => {
  const log = createHarmLog({ ...scenario, ramp: budget }, HOUR_MS);
  // Half a bad session each is to be expected beyond the baseline; three in the first hour, two later.
  for (const [nth, at] of [0, 0.5, 0.9, 2, 2.5].entries()) {
    const session = { isCanary: true, at: at * HOUR_MS, nthInArm: nth, weight: 0.05 };
    log.see(session, { bad: 1, delayMs: 0 });
    log.see({ ...session, isCanary: false }, { bad: 1, delayMs: 0 });
  }
  const harm = log.harm();
  expect(harm?.total).toBeCloseTo(5 * 0.92, 12);
  expect(harm?.worstHorizon).toBeCloseTo(1.5, 12);
  expect(harm?.isOverBudget).toBe(true);
});

test("says nothing where nobody knows what the baseline would have done, and of no budget where there is none", () => {
  const { badRate: _, ...traffic } = scenario.traffic;
  expect(createHarmLog({ ...scenario, traffic }, HOUR_MS).harm()).toBeNull();
  expect(createHarmLog(scenario, HOUR_MS).harm()).toEqual({ total: 0, worstHorizon: 0, isOverBudget: null });
});
