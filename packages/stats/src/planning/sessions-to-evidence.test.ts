import * as fc from "fast-check";
import { expect, test } from "vitest";
import { evidencePerSession } from "./evidence-per-session.ts";
import { sessionsToEvidence, sessionsToRateEvidence } from "./sessions-to-evidence.ts";

/** Mean canary sessions until rollback at α = 1 % and a 5 % share, as simulated (`statistics.md` 1, pw5). */
test.each([
  [0.08, 0.22, 68],
  [0.08, 0.16, 181],
  [0.08, 0.12, 635],
  [0.08, 0.1, 2605],
  [0.02, 0.05, 372],
  [0.01, 0.05, 175],
  [0.3, 0.4, 264],
  [0.08, 0.4, 22],
])("plans %d → %d within 20 %% of the simulated %d sessions", (baseline, canary, simulated) => {
  const planned = sessionsToEvidence({ baseline, canary, canaryWeight: 0.05 }, 0, Math.log(100));
  expect(planned / simulated).toBeGreaterThan(0.8);
  expect(planned / simulated).toBeLessThan(1.2);
});

test("grows evidence as the planning formula says", () => {
  const [p, b, w] = [0.22, 0.08, 0.05];
  const pooled = w * p + (1 - w) * b;
  const divergence = (x: number, y: number) => x * Math.log(x / y) + (1 - x) * Math.log((1 - x) / (1 - y));
  const expected = divergence(p, pooled) + ((1 - w) / w) * divergence(b, pooled);
  expect(evidencePerSession({ canary: p, baseline: b, canaryWeight: w }, 0)).toBeCloseTo(expected, 10);
});

test("grows no evidence against the truth itself", () => {
  const margin = Math.log(0.12 / 0.88) - Math.log(0.08 / 0.92);
  expect(evidencePerSession({ canary: 0.12, baseline: 0.08, canaryWeight: 0.05 }, margin)).toBeCloseTo(0, 12);
  expect(sessionsToEvidence({ canary: 0.08, baseline: 0.08, canaryWeight: 0.05 }, 0, 5)).toBe(Infinity);
});

test("needs nothing more once the evidence is there", () => {
  expect(sessionsToEvidence({ canary: 0.2, baseline: 0.1, canaryWeight: 0.5 }, 0, -0.1)).toBe(0);
});

test("expects about a hundred clean sessions to bound a rate by 4 %", () => {
  expect(sessionsToRateEvidence(0, 0.04, Math.log(20))).toBeGreaterThan(73);
  expect(sessionsToRateEvidence(0, 0.04, Math.log(20))).toBeLessThan(120);
});

test("is never NaN, whatever the rates", () => {
  const rate = fc.constantFrom(0, 1e-6, 0.08, 0.5, 1 - 1e-9, 1);
  const rates = fc.record({ canary: rate, baseline: rate, canaryWeight: fc.constantFrom(0, 1e-4, 0.5, 1) });
  fc.assert(
    fc.property(rates, fc.constantFrom(-1, 0, 0.45, 3.4), (planned, logOddsRatio) => {
      const sessions = sessionsToEvidence(planned, logOddsRatio, 4.6);
      expect(Number.isNaN(sessions)).toBe(false);
      expect(sessions).toBeGreaterThanOrEqual(0);
    }),
  );
});
