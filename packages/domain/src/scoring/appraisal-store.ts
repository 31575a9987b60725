import type { Score } from "../telemetry/score.ts";
import type { SessionKey } from "../telemetry/session-key.ts";
import type { Spent } from "./budget.ts";
import type { Appraisal, Unscored } from "./appraisal.ts";

/** What was said in one part of a turn. */
export type SpokenWords = {
  readonly traceId: string;
  readonly spanId: string;
  /** Epoch ms; the first words of the user and the last of the agent are those of the turn. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly user: string | null;
  readonly answer: string | null;
};

export type AppraisalState = "waiting" | "answered" | "settled";

/**
 * Appraisals on their way, and the words that they need. What was written survives the death of the process. Synchronous,
 * as it is on the way of spans. One process uses it at a time.
 */
export interface AppraisalStore {
  /** Words that come again take the place of the earlier. */
  keepWords(words: readonly SpokenWords[], at: number): void;
  wordsOf(traceIds: readonly string[]): readonly SpokenWords[];
  forgetWords(traceIds: readonly string[]): void;
  /** Takes it up as waiting, unless it is known: the first time counts. */
  add(appraisal: Appraisal): void;
  stateOf(id: string): AppraisalState | null;
  waiting(): readonly Appraisal[];
  /** The scorer is about to be asked: counts the attempt and sets its price aside, before anything is sent. */
  beginAttempt(id: string, attempt: { readonly at: number; readonly nextAt: number; readonly usd: number }): void;
  /** What the last attempt really cost. */
  correctCost(id: string, usd: number): void;
  postpone(id: string, nextAt: number): void;
  /** The scorer has spoken; kept until `settle` says that the scores are where scores belong. */
  answer(id: string, scores: readonly Score[], at: number): void;
  answered(): readonly { readonly id: string; readonly scores: readonly Score[]; readonly key: SessionKey }[];
  settle(id: string, outcome: "scored" | Unscored, at: number): void;
  spent(scorer: string, since: number): Spent;
  /** Outcomes by scorer, as far back as they are kept. */
  outcomes(): ReadonlyMap<string, Readonly<Partial<Record<"waiting" | "scored" | Unscored, number>>>>;
  /** Forgets words, calls and settled appraisals of before. */
  forgetBefore(moments: { readonly words: number; readonly calls: number; readonly appraisals: number }): void;
  close(): void;
}
