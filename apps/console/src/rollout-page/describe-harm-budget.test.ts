import { expect, test } from "vitest";
import { describeHarmBudget } from "./describe-harm-budget.ts";

const BUDGET = { budget: 25, horizonWindows: 12, sessionsPerWindow: 100.4, upperExcess: 0.2046, affordableBp: 1000 };

test("a harm budget says what it affords, and what that follows from", () => {
  expect(describeHarmBudget(BUDGET)).toBe(
    "Harm budget of 25 excess bad sessions over 12 windows affords 10 %: 100 sessions a window, and up to 20.5 points worse is not excluded yet",
  );
});

test("before a window has passed it says that traffic is being measured, and nothing while nobody meets the canary", () => {
  expect(describeHarmBudget({ ...BUDGET, sessionsPerWindow: null })).toMatch(
    /affords 10 %: traffic is being measured$/,
  );
  expect(describeHarmBudget({ ...BUDGET, affordableBp: null })).toBe(
    "Harm budget of 25 excess bad sessions over 12 windows",
  );
});
