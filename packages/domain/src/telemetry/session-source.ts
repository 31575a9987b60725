import type { Digest } from "../release/digest.ts";
import type { Arm } from "../routing/assign.ts";
import type { AgentName, MoveId, RolloutId, SessionId } from "../routing/ids.ts";
import type { MoveRecord } from "../routing/move.ts";
import type { ListedSession, RecordedSession, ReleaseActivity, SessionQuery } from "./recorded-session.ts";
import type { MaturedSession } from "./session.ts";

/** One arm of a rollout at a glance. Means are over matured sessions; null when there is nothing to average. */
export type ArmSummary = {
  /** Assigned under the rollout, mature or not. */
  readonly sessions: number;
  readonly matured: number;
  readonly escalated: number;
  /** Turns of all its sessions. */
  readonly turns: number;
  readonly meanTurns: number | null;
  readonly meanSentiment: number | null;
  readonly meanToolCalls: number | null;
};

/** What a release's share of an agent's traffic is made of. */
export type ReleaseTraffic = {
  readonly release: Digest;
  /** Sessions whose first record is of this release and inside the window. */
  readonly newSessions: number;
  /** Live sessions whose latest record is of this release. */
  readonly liveSessions: number;
  /** Turns that began inside the window. */
  readonly turns: number;
};

export type MovedQuery = {
  readonly agent: AgentName;
  readonly move: MoveId | null;
  readonly session: SessionId | null;
  readonly limit: number;
};

/** What pages show of sessions. Reads only; everything assigned under a rollout is known by its turn records. */
export interface SessionSource {
  /** The newest matured sessions, newest first. */
  recent(limit: number): Promise<readonly MaturedSession[]>;
  armSummaries(rollout: RolloutId): Promise<Readonly<Record<Arm, ArmSummary>>>;
  /** Releases with traffic. Window: from `since` on; live: as of `liveSince`, see `SessionQuery`. */
  releaseTraffic(query: { agent: AgentName; since: number; liveSince: number }): Promise<readonly ReleaseTraffic[]>;
  /** At most `limit` sessions in their order. */
  list(query: SessionQuery): Promise<readonly ListedSession[]>;
  /** Releases that ever had a turn; of one agent when it is named. */
  releaseActivity(query: { agent: string | null; liveSince: number }): Promise<readonly ReleaseActivity[]>;
  /** What is recorded of the sessions of an id, one an agent; of one agent when it is named. */
  recorded(query: { session: SessionId; agent: AgentName | null }): Promise<readonly RecordedSession[]>;
  /** Sessions of the rollout whose turn records name more releases than moves on record explain: must stay 0. */
  switchedSessions(rollout: RolloutId): Promise<number>;
  /** Canary sessions of the rollout whose first turn began before `before` (null: all of them). */
  exposedSessions(query: { rollout: RolloutId; before: number | null }): Promise<number>;
  /** Sessions of an agent that were moved, newest first; of one move or one session, where these are not null. */
  movedSessions(query: MovedQuery): Promise<readonly MoveRecord[]>;
  /** How many sessions each move of an agent has moved; a move that moved none is not there. */
  movedCounts(agent: AgentName): Promise<ReadonlyMap<MoveId, number>>;
}
