import { z } from "zod";

/** The body of every answer of 400 and above, of the server and of the gateway alike. */
export const problemSchema = z.object({
  error: z.object({
    /** Stable and snake_case; what programs branch on. */
    code: z.string(),
    /** What was found and what was expected. */
    message: z.string(),
    /** What to do about it. */
    hint: z.string(),
    /** Every problem of an input that has several, each with its place. */
    problems: z
      .array(z.object({ message: z.string(), line: z.number().optional(), column: z.number().optional() }))
      .optional(),
  }),
});
export type Problem = z.infer<typeof problemSchema>;
