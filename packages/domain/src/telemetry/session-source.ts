import type { Arm } from "../routing/assign.ts";
import type { RolloutId } from "../routing/ids.ts";
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
  /** Sessions of the rollout whose turn records name more than one release: must stay 0. */
  switchedSessions(rollout: RolloutId): Promise<number>;
  /** Canary sessions of the rollout whose first turn began before `before` (null: all of them). */
  exposedSessions(query: { rollout: RolloutId; before: number | null }): Promise<number>;
}
