import { expect, test } from "vitest";
import { designLogOdds } from "../sprt/conditional-sprt.ts";
import { sessionsToReject } from "./sessions-of-sprt.ts";
import { sessionsToEvidence } from "./sessions-to-evidence.ts";
import { smallestDetectable } from "./smallest-detectable.ts";

function riseFoundBy(canarySessions: number, baseline = 0.08): number | null {
  return smallestDetectable({
    largest: 1 - baseline - 1e-9,
    canarySessions,
    sessionsToFind: (rise) =>
      sessionsToEvidence({ baseline, canary: baseline + rise, canaryWeight: 0.05 }, 0, Math.log(100)),
  });
}

test("is the rise whose plan needs exactly these sessions", () => {
  const rise = riseFoundBy(300);
  expect(rise).not.toBeNull();
  const rates = { baseline: 0.08, canary: 0.08 + (rise ?? 0), canaryWeight: 0.05 };
  expect(sessionsToEvidence(rates, 0, Math.log(100))).toBeCloseTo(300, 3);
});

test("is smaller with more sessions, and nothing can be found with two", () => {
  expect(riseFoundBy(1000) ?? 1).toBeLessThan(riseFoundBy(100) ?? 0);
  expect(riseFoundBy(2)).toBeNull();
  expect(riseFoundBy(1e6, 1)).toBeNull();
});

test("an SPRT finds no rise below half of what it is designed for, however many sessions there are", () => {
  const logOddsRatio = designLogOdds(0.08, 0.04);
  const rise = smallestDetectable({
    largest: 0.9,
    canarySessions: 1e9,
    sessionsToFind: (rise) =>
      sessionsToReject({ baseline: 0.08, canary: 0.08 + rise, canaryWeight: 0.05, logOddsRatio }, 4.6),
  });
  expect(rise).toBeGreaterThan(0.015);
  expect(rise).toBeLessThan(0.025);
});
