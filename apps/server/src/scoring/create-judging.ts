import type { ScorersView } from "@perch/api";
import type { Log } from "@perch/adapters/json-log";
import { type AppraisalStore, type RawSpan, type SessionKey, type TraceStore, type TurnRecord } from "@perch/domain";
import { isItsTurn, type ConfiguredScorer } from "./configured-scorer.ts";
import { openAppraisalBook } from "./appraisal-book.ts";
import { createCalls } from "./create-calls.ts";
import { keepWords } from "./keep-words.ts";
import { createScorerTrouble } from "./scorer-trouble.ts";
import { viewScorers } from "./view-scorers.ts";

export type JudgingDeps = {
  readonly scorers: readonly ConfiguredScorer[];
  readonly store: AppraisalStore;
  readonly traces: Pick<TraceStore, "evidenceOf" | "appendScores">;
  readonly now: () => number;
  readonly log: Log;
};

/** Has sessions judged that are over, off the way of spans and requests. */
export interface Judging {
  /** Keeps the words of sessions that a scorer is to be sent, before the spans are acknowledged. */
  noteSpans(spans: readonly RawSpan[]): void;
  noteTurns(turns: readonly TurnRecord[]): void;
  /** Whether a session that is over has to wait for its scores. The first time it is asked, judging begins. */
  awaits(session: SessionKey): boolean;
  /** Asks for what is due and gives up what is too late. To be called a few times a second; returns at once. */
  turn(): void;
  /** Until nothing is being asked any more. */
  settle(): Promise<void>;
  view(): ScorersView;
}

/** On a server without scorers. */
const NO_JUDGING: Judging = {
  noteSpans: () => undefined,
  noteTurns: () => undefined,
  awaits: () => false,
  turn: () => undefined,
  settle: async () => undefined,
  view: () => ({ scorers: [] }),
};

const DAY_MS = 86_400_000;
const FORGET_EVERY_MS = 60_000;
/** A appraisal that is over is remembered, so that a session that is gone on with is not judged again. */
const REMEMBERED_MS = 30 * DAY_MS;

/** `scoring`: what its file says; undefined where there is none. */
export function openJudging(
  scoring: Pick<JudgingDeps, "scorers" | "store"> | undefined,
  deps: Omit<JudgingDeps, "scorers" | "store">,
): Judging {
  return scoring === undefined ? NO_JUDGING : createJudging({ ...scoring, ...deps });
}

export function createJudging(deps: JudgingDeps): Judging {
  const { scorers, store, now } = deps;
  const book = openAppraisalBook(deps);
  const trouble = createScorerTrouble(deps.log);
  const calls = createCalls({ ...deps, book, trouble });
  let forgetAt = 0;
  return {
    noteSpans: (spans) => keepWords(spans, deps),
    noteTurns(turns) {
      const senders = scorers.filter(({ sendsWords }) => sendsWords);
      if (senders.length === 0) return;
      const silent = turns.filter((turn) => !senders.some((one) => isItsTurn(one, turn)));
      if (silent.length > 0) store.forgetWords(silent.map(({ traceId }) => traceId));
    },
    awaits(session) {
      for (const one of scorers) if (isItsTurn(one, session)) book.takeUp(session, one);
      return book.holds(session);
    },
    turn() {
      calls.deliver();
      for (const configured of scorers) calls.ask(configured);
      if (now() < forgetAt) return;
      forgetAt = now() + FORGET_EVERY_MS;
      store.forgetBefore({ words: now() - DAY_MS, calls: now() - DAY_MS, appraisals: now() - REMEMBERED_MS });
    },
    settle: () => calls.settle(),
    view: () => viewScorers(deps, (scorer) => trouble.of(scorer)),
  };
}
