import { TelemetryError, type Score } from "@perch/domain";
import type { Intake } from "./intake.ts";

const MOST_NAMED = 5;

/** The scores that posts under way in this process are about to store, by session and id. */
export type ScoresUnderWay = Map<string, Score>;

/**
 * Stores those that are not stored yet. A score posted again under its id counts once; another one under the same id would
 * make what counts a matter of chance. Throws `TelemetryError` `id_reused`, and nothing of the post is stored.
 */
export async function storeNewScores(
  { store, scoresUnderWay }: Pick<Intake, "store" | "scoresUnderWay">,
  { scores, receivedAt }: { readonly scores: readonly Score[]; readonly receivedAt: number },
): Promise<void> {
  const named = distinct(scores, receivedAt);
  // Before anything is waited for, so that of two posts at once one sees the other.
  refuseOthers(scores, { kept: [...named.keys()].flatMap((name) => scoresUnderWay.get(name) ?? []), receivedAt });
  const mine = [...named].filter(([name]) => !scoresUnderWay.has(name));
  for (const [name, score] of mine) scoresUnderWay.set(name, score);
  try {
    const kept = await store.scoresNamed([...named.values()]);
    refuseOthers(scores, { kept, receivedAt });
    const known = new Set(kept.map(nameOf));
    // What another post is about to store is stored here as well: that post may fail.
    await store.appendScores([...named].flatMap(([name, score]) => (known.has(name) ? [] : [score])));
  } finally {
    for (const [name] of mine) scoresUnderWay.delete(name);
  }
}

function distinct(scores: readonly Score[], receivedAt: number): ReadonlyMap<string, Score> {
  const named = new Map<string, Score>();
  for (const score of scores) if (!named.has(nameOf(score))) named.set(nameOf(score), score);
  refuseOthers(scores, { kept: [...named.values()], receivedAt });
  return named;
}

function refuseOthers(
  scores: readonly Score[],
  { kept, receivedAt }: { readonly kept: readonly Score[]; readonly receivedAt: number },
): void {
  const keptAs = new Map(kept.map((score) => [nameOf(score), score]));
  const problems = scores.flatMap((score) => {
    const other = keptAs.get(nameOf(score));
    return other === undefined ? [] : (differenceOf(score, { other, receivedAt }) ?? []);
  });
  if (problems.length === 0) return;
  const more = problems.length > MOST_NAMED ? `; and ${problems.length - MOST_NAMED} more` : "";
  throw new TelemetryError({
    code: "id_reused",
    message: `${problems.slice(0, MOST_NAMED).join("; ")}${more}: an id is of one score of a session`,
    hint: "take a new id for another score, of which the latest counts; nothing of the post was stored",
  });
}

const FIELDS = ["agent", "name", "value", "label", "evaluator", "evaluatorVersion", "commentDigest"] as const;

/** Null where both say the same. Without a moment of its own a score has that of its post, which is another each time. */
function differenceOf(
  score: Score,
  { other, receivedAt }: { readonly other: Score; readonly receivedAt: number },
): string | null {
  const field =
    FIELDS.find((name) => score[name] !== other[name]) ??
    (score.at !== receivedAt && score.at !== other.at ? "at" : null);
  if (field === null) return null;
  const [found, before] = [score[field], other[field]].map((value) => JSON.stringify(value));
  return `found the id "${score.id}" of ${score.session} with the ${field} ${found}, where it had ${before} before`;
}

/** No session has a space in it. */
function nameOf({ session, id }: Score): string {
  return `${session} ${id}`;
}
