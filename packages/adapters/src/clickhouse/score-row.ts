import { parseAgentName, parseSessionId, type Score } from "@perch/domain";
import { z } from "zod";

/** A score's fields are its columns, save that whoever did not say which agent it is of has an empty one. */
export function toScoreRow(score: Score) {
  return { ...score, agent: score.agent ?? "" };
}

export const scoreRow = z.object({
  id: z.string(),
  agent: z.string().transform((text) => (text === "" ? null : parseAgentName(text))),
  session: z.string().transform(parseSessionId),
  name: z.string(),
  value: z.number(),
  label: z.string().nullable(),
  at: z.number(),
}) satisfies z.ZodType<Score>;
