import type { AssignedSessions } from "../gate/block.ts";
import type { AgentName, RolloutId } from "../routing/ids.ts";
import type { MoveRecord } from "../routing/move.ts";
import type { ShadowTurn } from "../routing/shadow-turn.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import type { Score } from "./score.ts";
import type { CohortMember } from "./cohort-member.ts";
import type { MaturedSession, SessionEvidence } from "./session.ts";
import type { SessionKey } from "./session-key.ts";
import type { SignsOfLife, SignsOfLifeQuery } from "./signs-of-life.ts";
import type { Span } from "./span.ts";
import type { SpanContent } from "./span-content.ts";

/** A session that has begun and is not yet mature. */
export type OpenSession = SessionKey & {
  readonly lastActivityAt: number;
  readonly isEnded: boolean;
};

/** A post of scores that came with an idempotency key. */
export type ScoreBatchClaim = {
  /** Whose token sent it; empty where nobody needs one. */
  readonly sender: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly receivedAt: number;
};

/**
 * Where telemetry is kept. An append that has resolved survives `kill -9`. The same span (trace and span id), turn, move or
 * score (id) appended again counts once; a session (agent and id) is matured once, the first row wins.
 */
export interface TraceStore {
  /**
   * Called before a server's term of leading writes anything. Numbers that are given from now on are larger than all that any
   * term of a smaller epoch gives, even one that does not yet know that it is over: no number is ever given twice.
   */
  beginTerm(epoch: number): void;
  appendSpans(spans: readonly Span[]): Promise<void>;
  /** Assignments are numbered in the order in which they become durable. */
  appendTurns(turns: readonly TurnRecord[]): Promise<void>;
  appendMoves(moves: readonly MoveRecord[]): Promise<void>;
  /** Kept apart from the turns of users: whatever counts those never meets these. One with a known id counts once too. */
  appendShadowTurns(turns: readonly ShadowTurn[]): Promise<void>;
  appendScores(scores: readonly Score[]): Promise<void>;
  /** What is kept under these ids of these sessions, each once; nothing of those that are not. */
  scoresNamed(names: readonly Pick<Score, "session" | "id">[]): Promise<readonly Score[]>;
  /** Of spans, where somebody asked for it. The same span's again counts once. Kept as long as spans are. */
  appendContents(contents: readonly SpanContent[]): Promise<void>;
  /** What is kept of a trace, by time. */
  contentsOf(traceId: string): Promise<readonly SpanContent[]>;
  /** The first claim of a sender's key wins, and every later one gets that back; for some days, and through `kill -9`. */
  claimScoreBatch(claim: ScoreBatchClaim): Promise<ScoreBatchClaim>;
  appendSessions(sessions: readonly MaturedSession[]): Promise<void>;
  /**
   * Turns, moves and scores by session, spans by the trace ids of those turns and by what they name (`spansNaming`). An unknown
   * session gives empty lists. A score that names no agent belongs to the session of its id as long as one agent only has such
   * a session.
   */
  evidenceOf(sessions: readonly SessionKey[]): Promise<readonly SessionEvidence[]>;
  /** Sessions with a turn since `sinceMs` that have no matured row: what a server must pick up after a crash. */
  openSessions(sinceMs: number): Promise<readonly OpenSession[]>;
  /** A session's sequence has to be larger; safe from every other term. */
  lastSequence(): Promise<number>;
  close(): Promise<void>;
}

/** What gates read. */
export interface CohortSource {
  /** The sessions of one step of a rollout in the order of their assignment, whether they have matured or not. */
  members(query: {
    rollout: RolloutId;
    step: number;
    afterAssignment: number;
    limit: number;
  }): Promise<readonly CohortMember[]>;
  /** How many sessions each arm was assigned in one step of a rollout. */
  assigned(query: { rollout: RolloutId; step: number }): Promise<AssignedSessions>;
  /** When turns of two releases of an agent ended since a time, whichever sessions they were of: the last in every `everyMs`. */
  signsOfLife(query: SignsOfLifeQuery): Promise<SignsOfLife>;
  /** The newest matured sessions of an agent that ended before `before`: the reference for margins. */
  history(query: { agent: AgentName; before: number; limit: number }): Promise<readonly MaturedSession[]>;
}
