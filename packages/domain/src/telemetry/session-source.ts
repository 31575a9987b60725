import type { Arm } from "../routing/assign.ts";
import type { AgentName, MoveId, RolloutId, SessionId } from "../routing/ids.ts";
import type { MoveRecord } from "../routing/move.ts";
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

/** What the shares of an arm are made of. */
export type ArmTraffic = {
  /** Sessions whose first turn began inside the window. */
  readonly newSessions: number;
  /** Sessions with a turn since `liveSince` that have not matured. */
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
  /** Window: from `since` on. */
  armTraffic(query: {
    rollout: RolloutId;
    since: number;
    liveSince: number;
  }): Promise<Readonly<Record<Arm, ArmTraffic>>>;
  /** Sessions of the rollout whose turn records name more releases than moves on record explain: must stay 0. */
  switchedSessions(rollout: RolloutId): Promise<number>;
  /** Canary sessions of the rollout whose first turn began before `before` (null: all of them). */
  exposedSessions(query: { rollout: RolloutId; before: number | null }): Promise<number>;
  /** Sessions of an agent that were moved, newest first; of one move or one session, where these are not null. */
  movedSessions(query: MovedQuery): Promise<readonly MoveRecord[]>;
  /** How many sessions each move of an agent has moved; a move that moved none is not there. */
  movedCounts(agent: AgentName): Promise<ReadonlyMap<MoveId, number>>;
}
