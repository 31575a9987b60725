import type { ScorerAnswer } from "@perch/domain";
import { z } from "zod";

const answerSchema = z.object({
  scores: z.array(
    z.object({ name: z.string(), value: z.number(), label: z.string().max(200).nullable().default(null) }),
  ),
  costUsd: z.number().nonnegative().nullable().default(null),
});

/** A judge's body. What it says beyond the scores is not looked at, and nothing of it is repeated in a message. */
export function readJudgeAnswer(text: string, expected: readonly string[]): ScorerAnswer {
  const parsed = answerSchema.safeParse(parseJson(text));
  if (!parsed.success) return unscored("answered what is no answer of a judge");
  const { scores, costUsd } = parsed.data;
  const unknown = scores.some(({ name }) => !expected.includes(name));
  if (unknown) return unscored("gave a score of a name that the scorers' file does not have");
  if (new Set(scores.map(({ name }) => name)).size < scores.length) return unscored("gave a score twice");
  if (scores.length === 0) return unscored("gave no score");
  return { kind: "scored", scores, costUsd };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unscored(because: string): ScorerAnswer {
  return { kind: "unscored", because };
}
