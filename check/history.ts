import type { LedgerEntry, RoutingTable } from "@perch/domain";

/** How the requests of a session name it. */
export type SessionKind =
  /** The client's own id, in a header or in the body. */
  | "header"
  | "json"
  /** The gateway's, in its cookie. */
  | "cookie"
  /** The agent's, from its first answer: one for the whole session, or another one with every answer. */
  | "mcp"
  | "responses";

/** Which way the client gives its signed pin back; `none`: it does not. */
export type Echo = "none" | "header" | "cookie";

/** A pin as the client was given it, signed: who placed the session, when by whose clock, and why. */
export type Claim = {
  readonly release: string;
  readonly arm: string;
  readonly rollout: string | null;
  readonly step: number | null;
  readonly weightBp: number | null;
  readonly bucket: number | null;
  readonly revision: string;
  readonly gateway: string;
  readonly assignedAt: number;
};

export type Outcome =
  | {
      readonly kind: "answered";
      /** What the gateway says that it did. */
      readonly session: string;
      readonly release: string;
      readonly claim: Claim | null;
      /** The request that the answer is for, and the release that gave it, as the agent says. */
      readonly echoed: number;
      readonly agent: string;
    }
  | { readonly kind: "refused"; readonly status: number; readonly code: string }
  | { readonly kind: "broken"; readonly reason: string };

/** One request of a client. All times are the checker's own. */
export type Attempt = {
  readonly id: number;
  readonly conversation: string;
  readonly turn: number;
  readonly gateway: string;
  readonly sentAt: number;
  readonly endedAt: number;
  /** What it called its session; null: nothing. */
  readonly named: string | null;
  /** It brought the pin that the client was given. */
  readonly presents: boolean;
  readonly outcome: Outcome;
};

/** What a client did, turn by turn. */
export type Conversation = {
  readonly name: string;
  readonly kind: SessionKind;
  readonly echo: Echo;
  readonly attempts: readonly Attempt[];
  /** Turns that it gave up on. */
  readonly unanswered: number;
};

/** What an agent wrote down of a request, by itself. */
export type AgentTurn = { readonly attempt: number; readonly conversation: string; readonly release: string };

/** A record of the gateways' as it arrived in the server. */
export type KeptRecord = {
  readonly id: string;
  readonly kind: string;
  /** The request's number, from the trace id that the client gave it. */
  readonly attempt: number;
  readonly session: string;
  readonly release: string;
  readonly rollout: string | null;
};

/** A span of time in which something was wrong with a gateway, the store, or the way between two processes. */
export type Fault = {
  readonly kind: FaultKind;
  /** The gateway that it is about; null: all of them. */
  readonly gateway: string | null;
  readonly from: number;
  readonly to: number;
};

export type FaultKind =
  /** The gateway was killed, and served nobody until `to`. */
  | "gatewayDown"
  | "serverDown"
  /** Nothing got through between gateway and server. */
  | "partition"
  /** The store did not answer. */
  | "storeAway"
  /** It was seen to answer late, though nobody had asked for that. */
  | "storeSlow"
  /** Somebody else wrote to the gateways' database: all of them wait for that, and do nothing else. */
  | "storeLocked"
  /** The store came back at `to` and had forgotten everything. */
  | "storeEmptied";

/** A table or a lease on its way from the server to a gateway: when it left the server, and whether it may have arrived. */
export type Renewal = { readonly gateway: string; readonly sentAt: number; readonly passedAt: number };
export type Ack = { readonly gateway: string; readonly revision: string; readonly at: number };
export type PublishedTable = { readonly table: RoutingTable; readonly firstSeenAt: number };

/** A session that was moved on purpose, as the product recorded it. */
export type Move = { readonly session: string; readonly to: string; readonly at: number };

/** Everything that is known of one run, once all of it has settled. */
export type History = {
  readonly agent: string;
  readonly conversations: readonly Conversation[];
  readonly agentTurns: readonly AgentTurn[];
  readonly records: readonly KeptRecord[];
  /** Session → release, in the store at the end. */
  readonly pins: ReadonlyMap<string, string>;
  readonly tables: ReadonlyMap<string, PublishedTable>;
  readonly acks: readonly Ack[];
  readonly renewals: readonly Renewal[];
  readonly faults: readonly Fault[];
  readonly ledger: readonly LedgerEntry[];
  readonly moves: readonly Move[];
  /** Rollout → the phase that the plan leads to. */
  readonly expected: ReadonlyMap<string, string>;
  /** How much faster or slower than the checker's a gateway's clock may run. */
  readonly drift: number;
};

export type ViolationKind =
  | "switched"
  | "misplaced"
  | "stale"
  | "fencedWithoutCause"
  | "leaseIgnored"
  | "leaked"
  | "share"
  | "unexplainedFailure"
  | "wrongAnswer"
  | "unanswered"
  | "turnRecord"
  | "assignmentRecord"
  | "unpinned"
  | "rollout";

export type Violation = {
  readonly kind: ViolationKind;
  /** Null when it is about no single session. */
  readonly conversation: string | null;
  readonly message: string;
};

export function revisionKey(revision: { readonly epoch: number; readonly sequence: number }): string {
  return `${revision.epoch}.${revision.sequence}`;
}

/** As `compareRevisions`, for keys. */
export function compareKeys(a: string, b: string): number {
  const [epochA = 0, sequenceA = 0] = a.split(".").map(Number);
  const [epochB = 0, sequenceB = 0] = b.split(".").map(Number);
  return epochA - epochB || sequenceA - sequenceB;
}
