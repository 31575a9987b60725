import type { AgentName } from "../routing/ids.ts";

/** One turn as a scorer sees it. Null: not known, or not to be shown. */
export type SubjectTurn = {
  readonly user: string | null;
  readonly answer: string | null;
  /** −1..1, see `SentimentScorer`. */
  readonly userSentiment: number | null;
  readonly tools: readonly { readonly name: string; readonly failed: boolean }[];
  /** The user got an error, or nothing. */
  readonly failed: boolean;
  readonly durationMs: number;
};

/** A settled session, blind: neither release nor arm nor rollout can be told from it. */
export type ScorerSubject = {
  /** Of this appraisal; the same at every attempt, so that whoever keeps books can tell a repeat. */
  readonly id: string;
  readonly agent: AgentName;
  readonly turns: readonly SubjectTurn[];
};

export type GivenScore = { readonly name: string; readonly value: number; readonly label: string | null };

export type ScorerAnswer =
  | { readonly kind: "scored"; readonly scores: readonly GivenScore[]; readonly costUsd: number | null }
  /** Asked again it would say the same. `because` holds nothing of what was said in the session. */
  | { readonly kind: "unscored"; readonly because: string }
  /** Asked again it may do better; after `retryAfterMs`, where it said so. */
  | { readonly kind: "unable"; readonly because: string; readonly retryAfterMs: number | null };

/** The scorer's own identity goes with each score. Two versions of it are never compared. */
export type ScorerIdentity = { readonly name: string; readonly version: string };

/**
 * Judges one session. It never throws for what is wrong with the judge or its answer, keeps nothing, and answers within its
 * time. Every value is a finite number.
 */
export interface Scorer extends ScorerIdentity {
  score(subject: ScorerSubject): Promise<ScorerAnswer>;
}
