import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import { afterAttempt, appraisalId } from "./appraisal.ts";
import { exhausted, type Budget } from "./budget.ts";

const SESSION = { agent: parseAgentName("support"), session: parseSessionId("s-1") };
const ID = appraisalId({ name: "judge", version: "1" }, SESSION);
const LIMITS = { attempts: 4, giveUpAfterMs: 300_000 };
const UNABLE = { kind: "unable", because: "answered 503", retryAfterMs: null } as const;
const BOUNDLESS: Budget = {
  callsPerHour: null,
  callsPerDay: null,
  usdPerHour: null,
  usdPerDay: null,
  usdPerCall: 0,
};

const DIMES = { usdPerHour: 0.3, usdPerCall: 0.1 };

function after(attempts: number, change: { retryAfterMs?: number; now?: number } = {}) {
  const answer = { ...UNABLE, retryAfterMs: change.retryAfterMs ?? null };
  return afterAttempt(answer, { id: ID, attempts, dueAt: 0 }, { ...LIMITS, now: change.now ?? 0 });
}

test("each wait is twice the one before, with up to a quarter on top", () => {
  const waits = [1, 2, 3].map((attempts) => {
    const next = after(attempts);
    return next.kind === "again" ? next.at / (1000 * 2 ** (attempts - 1)) : 0;
  });
  for (const factor of waits) {
    expect(factor).toBeGreaterThanOrEqual(1);
    expect(factor).toBeLessThanOrEqual(1.25);
  }
});

test("a judge that says when to come back is heeded", () => {
  expect(after(1, { retryAfterMs: 7000, now: 500 })).toEqual({ kind: "again", at: 7500 });
});

test("nobody is ever asked more often than allowed, nor after the time is up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(600_000), fc.nat(600_000), (attempts, now, retryAfterMs) => {
      const next = after(attempts, { now, retryAfterMs });
      const isAllowed = attempts < LIMITS.attempts && now + retryAfterMs < LIMITS.giveUpAfterMs;
      expect(next.kind).toBe(isAllowed ? "again" : "unscored");
    }),
  );
});

test("another version of a scorer judges anew, another arm does not exist for it", () => {
  expect(appraisalId({ name: "judge", version: "2" }, SESSION)).not.toBe(ID);
  expect(appraisalId({ name: "judge", version: "1" }, SESSION)).toBe(ID);
});

test.each([
  { budget: { callsPerHour: 2 }, hour: { calls: 1, usd: 0 }, day: { calls: 1, usd: 0 }, bound: null },
  { budget: { callsPerHour: 2 }, hour: { calls: 2, usd: 0 }, day: { calls: 2, usd: 0 }, bound: "2 calls an hour" },
  { budget: { callsPerDay: 5 }, hour: { calls: 0, usd: 0 }, day: { calls: 5, usd: 0 }, bound: "5 calls a day" },
  { budget: DIMES, hour: { calls: 2, usd: 0.2 }, day: { calls: 2, usd: 0.2 }, bound: null },
  { budget: DIMES, hour: { calls: 3, usd: 0.3 }, day: { calls: 3, usd: 0.3 }, bound: "0.3 USD an hour" },
  { budget: { usdPerDay: 1 }, hour: { calls: 0, usd: 0 }, day: { calls: 1, usd: 1.01 }, bound: "1 USD a day" },
])(
  "of the budget $budget with $hour and $day behind it, one more call breaks $bound",
  ({ budget, hour, day, bound }) => {
    expect(exhausted({ ...BOUNDLESS, ...budget }, hour, day)).toBe(bound);
  },
);
