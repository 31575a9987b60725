import type { Digest } from "../release/digest.ts";
import type { AgentName, RolloutId } from "./ids.ts";
import type { RouteMove } from "./move.ts";
import type { SessionExtractor, SessionLearner } from "./session-rules.ts";
import type { Strategy } from "./strategy.ts";

/** Strictly increasing: the epoch grows when another server leads, the sequence with every table of that leader. */
export type Revision = { readonly epoch: number; readonly sequence: number };

export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/** A release that sessions may be pinned to, and where it runs. No URL means that it is not deployed just now. */
export type ReleaseRoute = {
  readonly release: Digest;
  readonly version: string;
  readonly urls: readonly string[];
  /** It was taken away for good: whoever is still pinned to it is told that the session is over. Lacking: no. */
  readonly isRetired?: boolean | undefined;
};

export type CanaryRoute = {
  readonly rollout: RolloutId;
  /** Index into the rollout's steps; becomes part of the block key of every session assigned under this table. */
  readonly step: number;
  readonly seed: string;
  /** Basis points 0..10000 of *new* assignments. */
  readonly weightBp: number;
  readonly release: Digest;
  readonly strategy: Strategy;
};

/** How much a rollout may mirror in all. */
export type MirrorCaps = { readonly sessions: number; readonly turns: number; readonly requestBytes: number };

/** A share of new baseline sessions whose requests go, whole sessions of them, to another release as well. */
export type MirrorRoute = {
  readonly rollout: RolloutId;
  readonly seed: string;
  /** Basis points 0..10000 of *new* sessions. */
  readonly percentageBp: number;
  /** Its answers are read and thrown away. */
  readonly release: Digest;
  /** The longest that a mirrored turn may take, from its first byte there to its last byte back. */
  readonly timeoutMs: number;
  readonly caps: MirrorCaps;
};

export type AgentRoute = {
  readonly agent: AgentName;
  /**
   * Requests to these hosts belong to the agent, as far as its path prefix goes: names like `support.example`, or
   * `*.example` for every name below. Empty: requests to whatever host that no other agent has.
   */
  readonly hosts: readonly string[];
  /** Requests whose path is this prefix or below it belong to the agent; the prefix is taken off before the agent. */
  readonly pathPrefix: string;
  /** Why everybody is refused, sessions under way included; null: the agent serves. */
  readonly refuses: string | null;
  /** The baseline of new sessions. */
  readonly current: Digest;
  /**
   * Where new sessions go while the gateway has no lease: `current`, but for as long as that was promoted a short while ago and
   * may still be taken back, the release before it.
   */
  readonly withoutLease: Digest;
  readonly canary: CanaryRoute | null;
  /** Null: nothing is mirrored, what was begun neither. */
  readonly mirror: MirrorRoute | null;
  /** Every release a live pin may name, the current and the canary included. */
  readonly releases: readonly ReleaseRoute[];
  /** Where the session id is looked for, first hit wins. */
  readonly sessionExtractors: readonly SessionExtractor[];
  /** Which ids in the agent's answers become other names of the session. */
  readonly sessionLearners: readonly SessionLearner[];
  /** A pin that is idle this long is forgotten. */
  readonly idleTimeoutMs: number;
  /** Sessions that are to change their release, or have. */
  readonly moves: readonly RouteMove[];
};

/** What a gateway needs to know, whole: never a difference to an earlier one. */
export type RoutingTable = {
  readonly revision: Revision;
  /** Without a renewal for this long a gateway assigns new sessions to the current release only (dead man's switch). */
  readonly leaseMs: number;
  readonly agents: readonly AgentRoute[];
};
