import { startRollout, type Phase, type Rollout } from "@perch/domain";
import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import { expect, test } from "vitest";
import { idleTimeout, lateness } from "./session-wishes.ts";

const [MINUTE, HOUR] = [60_000, 3_600_000];
const OTHERWISE = 30 * MINUTE;

function aRollout(kind: "Preparing" | "RolledBack" | "Failed", idle: string | null, isExposed = true): Rollout {
  const pins = idle === null ? undefined : { idleTimeout: idle };
  const rollout = startRollout(anAppliedEvent({ plan: aRolloutPlan({ pins }) }));
  const phase: Phase = { kind };
  const met = { at: 0, phase: "Shifting", weightBp: 500, text: "", actor: "" } as const;
  return { ...rollout, phase, phaseSince: 0, timeline: isExposed ? [met] : [] };
}

const at = (now: number, ...rollouts: Rollout[]): number => idleTimeout(rollouts, OTHERWISE, now);

test("what a rollout's file says holds while it is under way, and a day longer for the sessions that it was about", () => {
  for (const idle of ["2h", "10m"]) {
    const wish = idle === "2h" ? 2 * HOUR : 10 * MINUTE;
    expect(at(0, aRollout("Preparing", idle))).toBe(wish);
    expect(at(24 * HOUR - 1, aRollout("RolledBack", idle))).toBe(wish);
    expect(at(24 * HOUR, aRollout("RolledBack", idle))).toBe(OTHERWISE);
  }
});

test("a rollout that nobody met leaves nothing behind", () => {
  expect(at(HOUR, aRollout("Failed", "2h", false))).toBe(OTHERWISE);
});

test("one that is over never shortens what the next one asks for, or leaves to the server", () => {
  expect(at(HOUR, aRollout("RolledBack", "10m"), aRollout("Preparing", null))).toBe(OTHERWISE);
  expect(at(HOUR, aRollout("RolledBack", "10m"), aRollout("Preparing", "20m"))).toBe(20 * MINUTE);
  expect(at(HOUR, aRollout("RolledBack", "2h"), aRollout("Preparing", "20m"))).toBe(2 * HOUR);
  expect(at(HOUR, aRollout("RolledBack", "2h"), aRollout("Preparing", null))).toBe(2 * HOUR);
});

test("one that says nothing leaves it to the server, during it and afterwards", () => {
  expect(at(HOUR)).toBe(OTHERWISE);
  expect(at(HOUR, aRollout("Preparing", null))).toBe(OTHERWISE);
  expect(at(HOUR, aRollout("RolledBack", null))).toBe(OTHERWISE);
  expect(lateness([aRollout("RolledBack", "2h")], 7, HOUR)).toBe(7);
});
