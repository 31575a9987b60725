import * as fc from "fast-check";
import { expect, test } from "vitest";
import { designLogOdds } from "../sprt/conditional-sprt.ts";
import { sessionsToAccept, sessionsToReject } from "./sessions-of-sprt.ts";

const DESIGN = designLogOdds(0.08, 0.04);

/** Mean canary sessions of a conditional SPRT designed for 8 → 12 % at α = 1 % (`statistics.md` 1, pw5). */
test.each([
  [0.12, 562],
  [0.22, 96],
])("plans 8 %% → %d within 5 %% of the simulated %d sessions", (canary, simulated) => {
  const rates = { baseline: 0.08, canary, canaryWeight: 0.05, logOddsRatio: DESIGN };
  const planned = sessionsToReject(rates, Math.log(100));
  expect(planned / simulated).toBeGreaterThan(0.95);
  expect(planned / simulated).toBeLessThan(1.05);
});

test("a harm nearer to none than to the design is not in sight, and neither is accepting the design itself", () => {
  const rates = { baseline: 0.08, canaryWeight: 0.05, logOddsRatio: DESIGN };
  expect(sessionsToReject({ ...rates, canary: 0.095 }, Math.log(100))).toBe(Infinity);
  expect(sessionsToAccept({ ...rates, canary: 0.12 }, Math.log(20))).toBe(Infinity);
  expect(sessionsToAccept({ ...rates, canary: 0.08 }, Math.log(20))).toBeLessThan(500);
  expect(sessionsToAccept({ ...rates, canary: 0.08 }, -1)).toBe(0);
});

test("is never NaN, whatever the rates", () => {
  const rate = fc.constantFrom(0, 1e-6, 0.08, 0.5, 1 - 1e-9, 1);
  const rates = fc.record({
    canary: rate,
    baseline: rate,
    canaryWeight: fc.constantFrom(0, 1e-4, 0.5, 1),
    logOddsRatio: fc.constantFrom(0, 0.45, 3.4),
  });
  fc.assert(
    fc.property(rates, (designed) => {
      for (const sessions of [sessionsToReject(designed, 4.6), sessionsToAccept(designed, 3)]) {
        expect(sessions).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
