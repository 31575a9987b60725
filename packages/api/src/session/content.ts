import { z } from "zod";

/** `GET /v1/traces/TRACE/content`: what is kept of what went in and came out of the spans of a trace, by time. */
export const traceContentSchema = z.object({
  contents: z
    .array(
      z.object({
        traceId: z.string(),
        spanId: z.string(),
        startedAt: z.number(),
        input: z.string().nullable(),
        output: z.string().nullable(),
        /** Something was longer than what is kept. */
        isCut: z.boolean(),
      }),
    )
    .readonly(),
});
export type TraceContent = z.infer<typeof traceContentSchema>;
