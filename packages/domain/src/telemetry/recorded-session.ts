import type { Digest } from "../release/digest.ts";
import type { Arm } from "../routing/assign.ts";
import type { GatewayId, RolloutId } from "../routing/ids.ts";
import type { SessionKey } from "./session-key.ts";
import type { Outcome, SessionMeasures } from "./session-measures.ts";

/**
 * `live`: had a turn within the idle timeout, and nobody ended it. `ended`: over, its outcome not settled yet. `mature`: over
 * and settled.
 */
export type SessionState = "live" | "ended" | "mature";

/** A session as its turn records tell it. A first turn that is still under way outside of a rollout has no record yet. */
export type ListedSession = SessionKey & {
  /** Of its latest record. */
  readonly release: Digest;
  /** Arm, rollout and step as of its first record. */
  readonly arm: Arm;
  readonly rollout: RolloutId | null;
  readonly step: number | null;
  readonly startedAt: number;
  /** The end of its latest turn. */
  readonly lastTurnAt: number;
  readonly turns: number;
  /** Different releases among its records. */
  readonly releases: number;
  readonly state: SessionState;
  /** Of a mature one. */
  readonly settled: SettledSession | null;
};

/** What a session came to, for lists. */
export type SettledSession = {
  readonly isEscalated: boolean;
  readonly measures: SessionMeasures;
};

/** Which sessions are asked for; null and empty: whichever. */
export type SessionQuery = {
  readonly agent: string | null;
  readonly releases: readonly Digest[] | null;
  readonly arm: Arm | null;
  readonly rollout: string | null;
  /** Live ones, those that began first in front; else all, the newest in front. */
  readonly onlyLive: boolean;
  /** Sessions whose latest turn ended before are no longer live. */
  readonly liveSince: number;
  readonly startedBefore: number | null;
  readonly startedSince: number | null;
  /** These three are known of matured sessions only: the others do not fit. */
  readonly outcome: Outcome | null;
  readonly isEscalated: boolean | null;
  /** Has called it. */
  readonly tool: string | null;
  readonly after: SessionCursor | null;
  readonly limit: number;
};

/** The last session of the page before. */
export type SessionCursor = SessionKey & { readonly startedAt: number };

/** What is going on at one release. */
export type ReleaseActivity = {
  readonly agent: string;
  readonly release: Digest;
  /** Live sessions by their records. */
  readonly live: number;
  /** When the oldest of them began. */
  readonly oldestAt: number | null;
  readonly lastTurnAt: number;
};

/** Everything that is recorded of how a session was placed. */
export type RecordedSession = SessionKey & {
  /** What its first record says, made by the gateway that met it first. */
  readonly first: {
    readonly at: number;
    readonly gateway: GatewayId;
    readonly release: Digest;
    readonly arm: Arm;
    readonly rollout: RolloutId | null;
    readonly step: number | null;
  };
  readonly byRelease: readonly {
    readonly release: Digest;
    readonly turns: number;
    readonly firstAt: number;
    readonly lastAt: number;
  }[];
  /** Somebody said that it is over. */
  readonly isEnded: boolean;
  readonly matured: { readonly at: number; readonly endedBy: "signal" | "idle" } | null;
};
