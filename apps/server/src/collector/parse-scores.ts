import { feedbackBatchSchema, scoreBatchSchema, type FeedbackBatch, type ScoreBatch } from "@perch/api";
import { digestOf, parseAgentName, parseSessionId, type Score } from "@perch/domain";
import { collectItems, problemsOf, type Batch, type Check } from "./parse-batch.ts";

/** How scores of a post are known that have no id of their own; null where it came without a key. */
type PostKey = { readonly sender: string; readonly key: string } | null;
export type ParseScores = (body: unknown, post: { key: PostKey; receivedAt: number }) => Batch<Score>;

/** `POST /v1/scores` */
export const parseScoreBatch: ParseScores = (body, post) => {
  const parsed = scoreBatchSchema.safeParse(body);
  if (!parsed.success) return { kind: "invalid", problems: problemsOf(parsed.error) };
  return collectScores({ ...post, list: "scores", items: parsed.data.scores }, ({ value, label, evaluator }) => ({
    value,
    label,
    evaluator: evaluator?.name ?? null,
    evaluatorVersion: evaluator?.version ?? null,
    commentDigest: null,
  }));
};

/** `POST /v1/feedback` */
export const parseFeedbackBatch: ParseScores = (body, post) => {
  const parsed = feedbackBatchSchema.safeParse(body);
  if (!parsed.success) return { kind: "invalid", problems: problemsOf(parsed.error) };
  return collectScores({ ...post, list: "feedback", items: parsed.data.feedback }, (said) => ({
    ...valueOf(said),
    evaluator: "user",
    evaluatorVersion: null,
    commentDigest: said.comment === null ? null : digestOf(said.comment),
  }));
};

function valueOf(said: FeedbackBatch["feedback"][number]): Pick<Score, "value" | "label"> {
  if ("thumb" in said) return { value: said.thumb === "up" ? 1 : 0, label: said.thumb };
  const { rating, worst, best } = said;
  return { value: (rating - worst) / (best - worst), label: `${rating} of ${best}` };
}

type About = Pick<ScoreBatch["scores"][number], "id" | "agent" | "session" | "name" | "at">;
type Judged = Pick<Score, "value" | "label" | "evaluator" | "evaluatorVersion" | "commentDigest">;

type Post<Item> = {
  readonly list: string;
  readonly items: readonly Item[];
  readonly key: PostKey;
  readonly receivedAt: number;
};

function collectScores<Item extends About>(
  { list, items, key, receivedAt }: Post<Item>,
  judged: (item: Item) => Judged,
): Batch<Score> {
  const batch = collectItems(items, (item, index, check): Score | null => {
    const about = placeOf(item, (field, parse, text) => check(`${list}[${index}].${field}`, parse, text));
    const id = item.id ?? (key === null ? null : digestOf(JSON.stringify([key.sender, key.key, index])));
    if (about === null || id === null) return null;
    return { id, ...about, name: item.name, at: item.at ?? receivedAt, ...judged(item) };
  });
  const nameless = key !== null ? [] : items.flatMap(({ id }, index) => (id === undefined ? [index] : []));
  if (nameless.length === 0) return batch;
  const problems = nameless
    .slice(0, 100)
    .map((index) => `${list}[${index}].id: missing, expected one or an Idempotency-Key`);
  return { kind: "invalid", problems: batch.kind === "invalid" ? [...batch.problems, ...problems] : problems };
}

function placeOf({ agent, session }: About, check: Check): Pick<Score, "agent" | "session"> | null {
  const parsed = check("session", parseSessionId, session);
  const owner = agent === null ? null : check("agent", parseAgentName, agent);
  return parsed === null || (agent !== null && owner === null) ? null : { agent: owner, session: parsed };
}
