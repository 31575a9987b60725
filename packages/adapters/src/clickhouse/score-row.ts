import { parseSessionId, type Score } from "@perch/domain";
import { z } from "zod";

/** A score's fields are its columns. */
export const scoreRow = z.object({
  id: z.string(),
  session: z.string().transform(parseSessionId),
  name: z.string(),
  value: z.number(),
  label: z.string().nullable(),
  at: z.number(),
}) satisfies z.ZodType<Score>;
