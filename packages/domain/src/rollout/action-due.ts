import { deadlineOf } from "./advance-retirement.ts";
import type { Retirement } from "./retirement.ts";
import type { CallAction } from "./transaction-calls.ts";

/** What is done about open transactions now; null: they are waited for. */
export function actionDue(retirement: Retirement, now: number): CallAction | null {
  const policy = retirement.drain?.openTransactions ?? "wait";
  if (policy === "wait") return null;
  if (retirement.stage.kind === "draining") return retirement.overdueSince === null ? null : policy;
  // One that somebody told of late.
  return retirement.stage.kind === "scaledDown" && now >= (deadlineOf(retirement) ?? Infinity) ? policy : null;
}
