import type { MoveRecord } from "../routing/move.ts";
import { isOwnScore } from "./judge-escalation.ts";
import { OUTCOME_SCORE, saidOutcome } from "./judge-outcome.ts";
import type { Score } from "./score.ts";
import type { Outcome } from "./session-measures.ts";
import type { MaturedSession } from "./session.ts";

export type SettledScores = {
  readonly scores: Readonly<Record<string, number>>;
  /** By the name of the score: `evaluator@version` of the evaluator that gave it, where it said its version. */
  readonly evaluators: Readonly<Record<string, string>>;
  /** What was said of how the session ended; null when nothing was. */
  readonly outcome: Outcome | null;
};

/**
 * What a session's scores come to: of several of one name the latest counts, and none that was given after the session was
 * moved to another release, nor what Perch keeps as scores of its own. Any order, repeats included, gives the same.
 */
export function settleScores(all: readonly Score[], moves: readonly MoveRecord[]): SettledScores {
  const movedAt = Math.min(Number.POSITIVE_INFINITY, ...moves.map(({ at }) => at));
  const inOrder = all
    .filter((score) => score.at < movedAt && !isOwnScore(score))
    .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const latest = new Map(inOrder.map((score) => [score.name, score]));
  const evaluators = [...latest].flatMap(([name, { evaluator, evaluatorVersion }]) =>
    evaluatorVersion === null ? [] : [[name, `${evaluator ?? ""}@${evaluatorVersion}`] as const],
  );
  const said = latest.get(OUTCOME_SCORE);
  return {
    outcome: said === undefined ? null : saidOutcome(said),
    scores: Object.fromEntries([...latest].map(([name, { value }]) => [name, value])),
    evaluators: Object.fromEntries(evaluators),
  };
}

/** The session with the scores that came after it had matured, too. Unchanged it is the very same object. */
export function joinScores(session: MaturedSession, { scores, evaluators, outcome }: SettledScores): MaturedSession {
  const { measures } = session;
  const isKnown =
    (outcome === null || outcome === measures.outcome) &&
    Object.keys(scores).every(
      (name) => session.scores[name] === scores[name] && measures.evaluators[name] === evaluators[name],
    );
  if (isKnown) return session;
  const earlier = Object.entries(measures.evaluators).filter(([name]) => scores[name] === undefined);
  return {
    ...session,
    scores: { ...session.scores, ...scores },
    measures: {
      ...measures,
      outcome: outcome ?? measures.outcome,
      evaluators: { ...Object.fromEntries(earlier), ...evaluators },
    },
  };
}
