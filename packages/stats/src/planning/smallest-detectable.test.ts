import { expect, test } from "vitest";
import { sessionsToEvidence } from "./sessions-to-evidence.ts";
import { smallestDetectableRise } from "./smallest-detectable.ts";

test("is the rise whose plan needs exactly these sessions", () => {
  const rise = smallestDetectableRise({ baselineRate: 0.08, canaryWeight: 0.05, canarySessions: 300, alpha: 0.01 });
  expect(rise).not.toBeNull();
  const rates = { baseline: 0.08, canary: 0.08 + (rise ?? 0), canaryWeight: 0.05 };
  expect(sessionsToEvidence(rates, 0, Math.log(100))).toBeCloseTo(300, 3);
});

test("is smaller with more sessions, and nothing can be found with two", () => {
  const at = (canarySessions: number) =>
    smallestDetectableRise({ baselineRate: 0.08, canaryWeight: 0.05, canarySessions, alpha: 0.01 });
  expect(at(1000) ?? 1).toBeLessThan(at(100) ?? 0);
  expect(at(2)).toBeNull();
  expect(smallestDetectableRise({ baselineRate: 1, canaryWeight: 0.05, canarySessions: 1e6, alpha: 0.01 })).toBeNull();
});
