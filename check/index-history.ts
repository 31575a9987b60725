import type { AgentRoute, RoutingTable } from "@perch/domain";
import {
  compareKeys,
  type Attempt,
  type Claim,
  type Conversation,
  type FaultKind,
  type History,
  type Renewal,
} from "./history.ts";

/** A pin that a client was given for the first time, with the request that brought it. */
export type FreshClaim = {
  readonly conversation: Conversation;
  readonly attempt: Attempt;
  /** As the gateway named it in the answer. */
  readonly session: string;
  readonly claim: Claim;
  /** The gateway that was asked made it, for this very request. */
  readonly isOwn: boolean;
};

/** A history with its questions ready to be answered. */
export type IndexedHistory = History & {
  readonly claims: readonly FreshClaim[];
  readonly attempts: ReadonlyMap<number, Attempt>;
  /** Attempt → the releases of the agents that met it. */
  readonly servedBy: ReadonlyMap<number, readonly string[]>;
  tableOf(revision: string): { readonly table: RoutingTable; readonly route: AgentRoute } | null;
  /** The newest table that a gateway had acknowledged by then. */
  ackedBy(gateway: string, at: number): string | null;
  /** The last table or lease that had reached the gateway by then. */
  lastRenewal(gateway: string, at: number): Renewal | null;
  /** The longest time without one, of which some lies between the two moments. */
  longestSilence(gateway: string, span: Span): number;
  /** The longest that a client waited for this gateway's answer, among those who waited during any of the time. */
  longestAnswer(gateway: string, span: Span): number;
  /** Whether something was wrong during any of the time; `afterMs`: how long it takes to get over it. */
  wasWrong(kind: FaultKind, gateway: string, span: Span): boolean;
};

export type Span = { readonly from: number; readonly to: number; readonly afterMs?: number };

export function indexHistory(history: History): IndexedHistory {
  const attempts = new Map(
    history.conversations.flatMap((one) => one.attempts.map((made) => [made.id, made] as const)),
  );
  const servedBy = new Map<number, string[]>();
  for (const { attempt, release } of history.agentTurns) {
    servedBy.set(attempt, [...(servedBy.get(attempt) ?? []), release]);
  }
  const asked = Map.groupBy(attempts.values(), ({ gateway }) => gateway);
  const acks = Map.groupBy(history.acks, ({ gateway }) => gateway);
  const renewals = Map.groupBy(history.renewals, ({ gateway }) => gateway);
  const faults = Map.groupBy(history.faults, ({ kind }) => kind);
  return {
    ...history,
    attempts,
    servedBy,
    claims: history.conversations.flatMap(freshClaims),
    tableOf(revision) {
      const table = history.tables.get(revision)?.table;
      const route = table?.agents.find(({ agent }) => agent === history.agent);
      return table === undefined || route === undefined ? null : { table, route };
    },
    ackedBy(gateway, at) {
      let newest: string | null = null;
      for (const ack of acks.get(gateway) ?? []) {
        if (ack.at <= at && (newest === null || compareKeys(ack.revision, newest) > 0)) newest = ack.revision;
      }
      return newest;
    },
    lastRenewal: (gateway, at) => renewals.get(gateway)?.findLast(({ passedAt }) => passedAt <= at) ?? null,
    longestSilence: (gateway, span) => longestSilence(renewals.get(gateway) ?? [], span),
    longestAnswer: (gateway, span) => longestAnswer(asked.get(gateway) ?? [], span),
    wasWrong: (kind, gateway, { from, to, afterMs = 0 }) =>
      (faults.get(kind) ?? []).some(
        (fault) =>
          (fault.gateway === null || fault.gateway === gateway) && fault.from <= to && from <= fault.to + afterMs,
      ),
  };
}

function longestSilence(renewals: readonly Renewal[], { from, to }: Span): number {
  let longest = 0;
  let before = Number.NEGATIVE_INFINITY;
  for (const { passedAt } of renewals) {
    if (passedAt >= from) longest = Math.max(longest, Math.min(passedAt, to) - before);
    if (passedAt >= to) return longest;
    before = passedAt;
  }
  return Math.max(longest, to - before);
}

function longestAnswer(attempts: readonly Attempt[], { from, to }: Span): number {
  let longest = 0;
  for (const { sentAt, endedAt } of attempts)
    if (sentAt <= to && endedAt >= from) longest = Math.max(longest, endedAt - sentAt);
  return longest;
}

function freshClaims(conversation: Conversation): FreshClaim[] {
  const seen = new Set<string>();
  const fresh: FreshClaim[] = [];
  for (const attempt of conversation.attempts.toSorted((a, b) => a.sentAt - b.sentAt)) {
    if (attempt.outcome.kind !== "answered" || attempt.outcome.claim === null) continue;
    const { claim, session } = attempt.outcome;
    // Not by its session: a pin goes on under an alias when the store has forgotten what the alias stood for.
    const key = `${claim.gateway} ${claim.assignedAt} ${claim.bucket} ${claim.release}`;
    if (seen.has(key)) continue;
    seen.add(key);
    fresh.push({ conversation, attempt, session, claim, isOwn: claim.gateway === attempt.gateway });
  }
  return fresh;
}
