import { parseAgentName, parseSessionId, type Score } from "@perch/domain";
import { z } from "zod";

/** Whoever did not say which agent it is of has an empty one. */
export function toScoreRow(score: Score) {
  return {
    id: score.id,
    agent: score.agent ?? "",
    session: score.session,
    name: score.name,
    value: score.value,
    label: score.label,
    at: score.at,
    evaluator: score.evaluator,
    evaluator_version: score.evaluatorVersion,
    comment_digest: score.commentDigest,
  };
}

export const scoreRow = z
  .object({
    id: z.string(),
    agent: z.string().transform((text) => (text === "" ? null : parseAgentName(text))),
    session: z.string().transform(parseSessionId),
    name: z.string(),
    value: z.number(),
    label: z.string().nullable(),
    at: z.number(),
    evaluator: z.string().nullable(),
    evaluator_version: z.string().nullable(),
    comment_digest: z.string().nullable(),
  })
  .transform(({ evaluator_version: evaluatorVersion, comment_digest: commentDigest, ...row }): Score => ({
    ...row,
    evaluatorVersion,
    commentDigest,
  }));
