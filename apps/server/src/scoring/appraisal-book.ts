import {
  appraisalId,
  type Appraisal,
  type AppraisalStore,
  type Score,
  type SessionKey,
  type TraceStore,
  type Unscored,
} from "@perch/domain";
import type { ConfiguredScorer } from "./configured-scorer.ts";
import { createSessionHolds } from "./session-holds.ts";

type AppraisalBookDeps = {
  readonly scorers: readonly ConfiguredScorer[];
  readonly store: AppraisalStore;
  readonly traces: Pick<TraceStore, "appendScores">;
  readonly now: () => number;
};

/** Which appraisals are on their way, and which sessions wait for them; a copy in memory of what the store has. */
export type AppraisalBook = {
  readonly waiting: ReadonlyMap<string, Appraisal>;
  holds(session: SessionKey): boolean;
  /** Nothing, when the session was taken up for the scorer before. */
  takeUp(session: SessionKey, configured: ConfiguredScorer): void;
  begin(appraisal: Appraisal, attempt: Parameters<AppraisalStore["beginAttempt"]>[1]): Appraisal;
  postpone(appraisal: Appraisal, nextAt: number): void;
  /** Kept first: whatever happens to the process then, the scorer is not asked again. */
  answer(appraisal: Appraisal, scores: readonly Score[]): void;
  settle(appraisal: Appraisal, outcome: Unscored): void;
  /** Scores that the store of appraisals keeps go to where scores belong. */
  deliver(id: string, session: SessionKey, scores: readonly Score[]): Promise<void>;
};

export function openAppraisalBook({ scorers, store, traces, now }: AppraisalBookDeps): AppraisalBook {
  const waiting = new Map(store.waiting().map((appraisal) => [appraisal.id, appraisal]));
  const holding = createSessionHolds();
  const settle = (appraisal: Appraisal, outcome: Unscored): void => {
    store.settle(appraisal.id, outcome, now());
    waiting.delete(appraisal.id);
    holding.release(appraisal, appraisal.id);
  };
  for (const { id, key } of store.answered()) holding.hold(key, id);
  for (const appraisal of waiting.values()) {
    if (scorers.some((configured) => isOf(configured, appraisal))) holding.hold(appraisal, appraisal.id);
    // Whoever took it out of the file, or gave it another version, wants no more of this one.
    else settle(appraisal, "gave_up");
  }
  return {
    waiting,
    holds: (session) => holding.holds(session),
    takeUp(session, configured) {
      const appraisal = newAppraisal(session, configured, now());
      const { id, scorer } = appraisal;
      if (waiting.has(id) || store.stateOf(id) !== null) return;
      store.add(appraisal);
      const ahead = [...waiting.values()].filter((one) => one.scorer === scorer).length;
      if (ahead >= configured.queue) return store.settle(id, "queue_full", now());
      waiting.set(id, appraisal);
      holding.hold(session, id);
    },
    begin(appraisal, attempt) {
      store.beginAttempt(appraisal.id, attempt);
      const begun = { ...appraisal, attempts: appraisal.attempts + 1, nextAt: attempt.nextAt };
      waiting.set(appraisal.id, begun);
      return begun;
    },
    postpone(appraisal, nextAt) {
      store.postpone(appraisal.id, nextAt);
      waiting.set(appraisal.id, { ...appraisal, nextAt });
    },
    answer(appraisal, scores) {
      store.answer(appraisal.id, scores, now());
      waiting.delete(appraisal.id);
    },
    settle,
    async deliver(id, session, scores) {
      await traces.appendScores(scores);
      store.settle(id, "scored", now());
      holding.release(session, id);
    },
  };
}

function isOf({ scorer: { name, version } }: ConfiguredScorer, appraisal: Appraisal): boolean {
  return name === appraisal.scorer && version === appraisal.version;
}

function newAppraisal({ agent, session }: SessionKey, { scorer }: ConfiguredScorer, at: number): Appraisal {
  const id = appraisalId(scorer, { agent, session });
  return { id, agent, session, scorer: scorer.name, version: scorer.version, dueAt: at, attempts: 0, nextAt: at };
}
