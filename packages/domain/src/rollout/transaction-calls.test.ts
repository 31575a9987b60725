import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseRolloutId, parseSessionId } from "../routing/ids.ts";
import { parseTransactionId } from "../transaction/transaction.ts";
import { actionDue } from "./action-due.ts";
import type { DrainPlan, Retirement, RetirementStage } from "./retirement.ts";
import { advanceCalls, callOf, type TransactionCallEvent } from "./transaction-calls.ts";

const [OLD, NEW, NEWER] = [digestOf("2.3.0"), digestOf("2.3.1"), digestOf("2.3.2")];
const ABOUT = {
  at: 1,
  release: OLD,
  tool: "refund",
  id: parseTransactionId("r-1"),
  action: "cancel",
  to: null,
} as const;
const CALLED: TransactionCallEvent = {
  type: "transactionHookCalled",
  ...ABOUT,
  session: parseSessionId("s-1"),
  url: "http://t",
};
const REFUSED: TransactionCallEvent = {
  type: "transactionHookRefused",
  ...ABOUT,
  status: 503,
  detail: "answered 503",
  attempts: 1,
};
const AGREED: TransactionCallEvent = { type: "transactionHookAgreed", ...ABOUT, status: 200, attempts: 2 };

const after = (...events: readonly TransactionCallEvent[]) =>
  events.reduce(advanceCalls, [] as ReturnType<typeof advanceCalls>);

describe("what a tool was told of a transaction", () => {
  test("is that it was called, what it said last, and at the end that it agreed", () => {
    expect(callOf({ calls: after() }, ABOUT)).toBeNull();
    expect(callOf({ calls: after(CALLED) }, ABOUT)?.standing).toEqual({ kind: "called" });
    expect(callOf({ calls: after(CALLED, REFUSED) }, ABOUT)?.standing).toEqual({
      kind: "refused",
      status: 503,
      detail: "answered 503",
    });
    expect(callOf({ calls: after(CALLED, REFUSED, AGREED) }, ABOUT)?.standing).toEqual({ kind: "agreed" });
  });

  test("is recorded once: the same call and the same answer again mean nothing", () => {
    for (const events of [[CALLED], [CALLED, REFUSED], [CALLED, AGREED]]) {
      const calls = after(...events);
      for (const event of events) expect(advanceCalls(calls, event)).toBe(calls);
    }
    const other = { ...REFUSED, status: 409, detail: "answered 409" };
    expect(callOf({ calls: after(CALLED, REFUSED, other) }, ABOUT)?.standing).toMatchObject({ status: 409 });
  });

  test("stays agreed, whatever is heard late", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(CALLED, REFUSED, AGREED)), (late) => {
        const calls = after(CALLED, AGREED);
        expect(late.reduce(advanceCalls, calls)).toBe(calls);
      }),
    );
  });

  test("begins anew where another release takes over", () => {
    const handsOver = { ...ABOUT, action: "transfer", to: NEW } as const;
    const calls = advanceCalls([], { ...CALLED, ...handsOver });
    expect(callOf({ calls }, handsOver)).not.toBeNull();
    expect(callOf({ calls }, { ...handsOver, to: NEWER })).toBeNull();
    const [only, ...others] = advanceCalls(calls, { ...CALLED, ...handsOver, to: NEWER });
    expect([only?.to, others]).toEqual([NEWER, []]);
  });

  test("of one transaction says nothing of another", () => {
    const other = { ...CALLED, id: parseTransactionId("r-2") };
    expect(after(CALLED, other, AGREED).map(({ id, standing }) => [id, standing.kind])).toEqual([
      ["r-2", "called"],
      ["r-1", "agreed"],
    ]);
  });

  test("that nobody can be asked is told without a call before it", () => {
    const nobody = { ...REFUSED, status: null, detail: "refund declares no lifecycle.cancel" };
    expect(callOf({ calls: after(nobody) }, ABOUT)?.standing).toMatchObject({ kind: "refused", status: null });
    expect(after(AGREED)).toEqual([]);
  });
});

function aRetirement(stage: RetirementStage, drain: DrainPlan | null, overdueSince: number | null = null): Retirement {
  const none = { leftAtDeadline: null, calls: [], sunset: null };
  return { release: OLD, rollout: parseRolloutId("r"), since: 0, drain, overdueSince, stage, ...none };
}

describe("what is done about open transactions", () => {
  const plan = { deadlineMs: 100, onDeadline: "migrate", openTransactions: "transfer" } as const;
  const draining = { kind: "draining" } as const;
  const scaledDown = { kind: "scaledDown", drainedAt: 5, deployments: [] } as const;

  test("is nothing before the deadline is on record, and then what the file says", () => {
    expect(actionDue(aRetirement(draining, plan), 500)).toBeNull();
    expect(actionDue(aRetirement(draining, plan, 100), 500)).toBe("transfer");
    expect(actionDue(aRetirement(draining, { ...plan, openTransactions: "wait" }, 100), 500)).toBeNull();
    expect(actionDue(aRetirement(draining, null), 500)).toBeNull();
    // As versions wrote it that followed no transactions.
    expect(actionDue(aRetirement(draining, { deadlineMs: 100, onDeadline: "evict" }, 100), 500)).toBeNull();
  });

  test("is the same for one that somebody tells of when the routes have gone", () => {
    expect([99, 100].map((now) => actionDue(aRetirement(scaledDown, plan), now))).toEqual([null, "transfer"]);
    expect(actionDue(aRetirement({ kind: "drained", drainedAt: 5 }, plan), 500)).toBeNull();
    expect(actionDue(aRetirement({ kind: "decommissioned", at: 5, deployments: [] }, plan), 500)).toBeNull();
  });
});
