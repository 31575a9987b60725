import {
  afterAttempt,
  exhausted,
  scoresOf,
  subjectOf,
  type Appraisal,
  type AppraisalStore,
  type ScorerAnswer,
  type ScorerSubject,
  type TraceStore,
} from "@perch/domain";
import type { ConfiguredScorer } from "./configured-scorer.ts";
import type { AppraisalBook } from "./appraisal-book.ts";
import type { ScorerTrouble } from "./scorer-trouble.ts";

export type AskDeps = {
  readonly store: AppraisalStore;
  readonly traces: Pick<TraceStore, "evidenceOf">;
  readonly now: () => number;
  readonly book: AppraisalBook;
  readonly trouble: ScorerTrouble;
};

const HOUR_MS = 3_600_000;

/** One attempt at one appraisal, from reading the session to keeping what came of it. */
export async function askScorer(appraisal: Appraisal, configured: ConfiguredScorer, deps: AskDeps): Promise<void> {
  const { book, store, now } = deps;
  const found = await readSubject(appraisal, configured, deps);
  if (found === null) return book.settle(appraisal, "nothing_to_judge");
  // Looked at and set aside in the same breath: calls under way at once cannot share the last of a budget.
  const bound = boundOf(configured, deps);
  if (bound !== null) {
    deps.trouble.note(appraisal.scorer, `its budget is used up: ${bound}`);
    return book.settle(appraisal, "budget");
  }
  const { timeoutMs } = configured.limits;
  // Should the process die now, the next one asks again after the time in which an answer could still have come.
  const attempt = { at: now(), nextAt: now() + timeoutMs, usd: configured.budget.usdPerCall };
  const begun = book.begin(appraisal, attempt);
  const answer = await configured.scorer.score(found.subject);
  deps.trouble.note(appraisal.scorer, answer.kind === "scored" ? null : answer.because);
  await keepAnswer(answer, { appraisal: begun, configured, deps });
  if (!book.holds(appraisal)) store.forgetWords(found.traceIds);
}

async function readSubject(
  { id, agent, session }: Appraisal,
  { sendsWords }: ConfiguredScorer,
  { store, traces }: AskDeps,
): Promise<{ readonly subject: ScorerSubject; readonly traceIds: readonly string[] } | null> {
  const [evidence] = await traces.evidenceOf([{ agent, session }]);
  if (evidence === undefined) return null;
  const traceIds = [...new Set([...evidence.turns, ...evidence.spans].map(({ traceId }) => traceId))];
  const subject = subjectOf(id, evidence, sendsWords ? store.wordsOf(traceIds) : null);
  if (subject === null) return null;
  const isSilent = subject.turns.every(({ user, answer }) => user === null && answer === null);
  return sendsWords && isSilent ? null : { subject, traceIds };
}

function boundOf({ scorer, budget }: ConfiguredScorer, { store, now }: AskDeps): string | null {
  return exhausted(budget, store.spent(scorer.name, now() - HOUR_MS), store.spent(scorer.name, now() - 24 * HOUR_MS));
}

type Kept = { readonly appraisal: Appraisal; readonly configured: ConfiguredScorer; readonly deps: AskDeps };

async function keepAnswer(answer: ScorerAnswer, { appraisal, configured, deps }: Kept): Promise<void> {
  const { store, book, now } = deps;
  const { id } = appraisal;
  if (answer.kind === "scored" && answer.costUsd !== null) store.correctCost(id, answer.costUsd);
  const next = afterAttempt(answer, appraisal, { ...configured.limits, now: now() });
  switch (next.kind) {
    case "scored": {
      const scores = scoresOf(appraisal, next.scores, now());
      book.answer(appraisal, scores);
      return await book.deliver(id, appraisal, scores);
    }
    case "unscored":
      return book.settle(appraisal, next.why);
    case "again":
      return book.postpone(appraisal, next.at);
  }
}
