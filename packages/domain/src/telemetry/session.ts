import type { Digest } from "../release/digest.ts";
import type { Arm } from "../routing/assign.ts";
import type { AgentName, RolloutId, SessionId } from "../routing/ids.ts";
import type { MoveRecord } from "../routing/move.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import type { Score } from "./score.ts";
import type { SessionKey } from "./session-key.ts";
import type { SessionMeasures } from "./session-measures.ts";
import type { Span } from "./span.ts";

/** Everything the store holds about one session, before it is judged mature. */
export type SessionEvidence = SessionKey & {
  readonly turns: readonly TurnRecord[];
  readonly moves: readonly MoveRecord[];
  readonly spans: readonly Span[];
  readonly scores: readonly Score[];
};

/** A session whose outcome is settled. One that was moved counts up to its move: what came after belongs to no arm. Written once; `sequence` is the order in which sessions were declared mature. */
export type MaturedSession = {
  readonly sequence: number;
  readonly session: SessionId;
  readonly agent: AgentName;
  readonly release: Digest;
  readonly arm: Arm;
  readonly rollout: RolloutId | null;
  readonly step: number | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly maturedAt: number;
  readonly endedBy: "signal" | "idle";
  readonly turns: number;
  readonly failedTurns: number;
  /** Tool names in the order they were called. */
  readonly toolSequence: readonly string[];
  readonly failedToolCalls: number;
  readonly isEscalated: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly meanSentiment: number | null;
  readonly scores: Readonly<Record<string, number>>;
  /** Releases named by the turn records up to the session's first move; more than one means that it was switched. */
  readonly releasesSeen: readonly Digest[];
  readonly isSynthetic: boolean;
  readonly measures: SessionMeasures;
};
