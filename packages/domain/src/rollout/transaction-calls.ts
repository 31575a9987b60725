import type { Digest } from "../release/digest.ts";
import type { SessionId } from "../routing/ids.ts";
import type { TransactionId } from "../transaction/transaction.ts";
import type { Retirement } from "./retirement.ts";

/** Which of a tool's `lifecycle` endpoints ends its open transactions, or hands them over. */
export type CallAction = "cancel" | "transfer";

/** What became of a call; the endpoint is asked again until it agrees. */
export type CallStanding =
  | { readonly kind: "called" }
  /** The last answer; status null where none came, or nobody could be asked. */
  | { readonly kind: "refused"; readonly status: number | null; readonly detail: string }
  | { readonly kind: "agreed" };

/** What an endpoint was told of a transaction that outlasted the deadline of its release's drain. */
export type TransactionCall = {
  readonly tool: string;
  readonly id: TransactionId;
  readonly action: CallAction;
  /** The release that takes it over; null: it is cancelled. */
  readonly to: Digest | null;
  readonly standing: CallStanding;
};

type About = {
  readonly at: number;
  readonly release: Digest;
  readonly tool: string;
  readonly id: TransactionId;
  readonly action: CallAction;
  readonly to: Digest | null;
};

/** Recorded before the first attempt, at each other answer than the one before, and when the endpoint agrees. */
export type TransactionCallEvent =
  | ({ readonly type: "transactionHookCalled"; readonly session: SessionId; readonly url: string } & About)
  | ({
      readonly type: "transactionHookRefused";
      readonly status: number | null;
      readonly detail: string;
      readonly attempts: number;
    } & About)
  | ({ readonly type: "transactionHookAgreed"; readonly status: number; readonly attempts: number } & About);

export const TRANSACTION_CALL_EVENTS: Readonly<Record<TransactionCallEvent["type"], true>> = {
  transactionHookCalled: true,
  transactionHookRefused: true,
  transactionHookAgreed: true,
};

export function isTransactionCallEvent(event: { readonly type: string }): event is TransactionCallEvent {
  return Object.hasOwn(TRANSACTION_CALL_EVENTS, event.type);
}

/** What its endpoint was told; null before, also where another action or release is meant now. */
export function callOf(
  { calls }: Pick<Retirement, "calls">,
  { tool, id, action, to }: Omit<TransactionCall, "standing">,
): TransactionCall | null {
  const call = calls.find((one) => one.tool === tool && one.id === id);
  return call !== undefined && call.action === action && call.to === to ? call : null;
}

/** The calls after an event; the very same list when it means nothing. */
export function advanceCalls(
  calls: readonly TransactionCall[],
  event: TransactionCallEvent,
): readonly TransactionCall[] {
  const { tool, id, action, to } = event;
  const held = callOf({ calls }, event);
  const standing = standingAfter(held, event);
  if (standing === null) return calls;
  const others = calls.filter((one) => one.tool !== tool || one.id !== id);
  return [...others, { tool, id, action, to, standing }];
}

function standingAfter(held: TransactionCall | null, event: TransactionCallEvent): CallStanding | null {
  if (held?.standing.kind === "agreed") return null;
  switch (event.type) {
    case "transactionHookCalled":
      return held === null ? { kind: "called" } : null;
    case "transactionHookRefused": {
      const { status, detail } = event;
      const isSaid = held?.standing.kind === "refused" && held.standing.status === status;
      return isSaid && held.standing.detail === detail ? null : { kind: "refused", status, detail };
    }
    case "transactionHookAgreed":
      return held === null ? null : { kind: "agreed" };
  }
}
