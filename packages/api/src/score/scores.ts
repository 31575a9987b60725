import { z } from "zod";

const about = {
  /** Known again by it. May be left out of a post with the header `Idempotency-Key`. */
  id: z.string().min(1).max(200).optional(),
  /** Needed only where two agents may have sessions of the same id. */
  agent: z.string().nullable().default(null),
  session: z.string(),
  /** Epoch ms; when it arrives, unless said. */
  at: z.number().optional(),
};

/** `POST /v1/scores` */
export const scoreBatchSchema = z.strictObject({
  scores: z
    .array(
      z.strictObject({
        ...about,
        name: z.string().min(1).max(100),
        value: z.number(),
        label: z.string().max(200).nullable().default(null),
        /** Who judged, and its version: two versions are not compared with each other. */
        evaluator: z
          .strictObject({
            name: z.string().min(1).max(200),
            version: z.string().min(1).max(200).nullable().default(null),
          })
          .nullable()
          .default(null),
      }),
    )
    .max(10_000),
});
export type ScoreBatch = z.infer<typeof scoreBatchSchema>;

const said = {
  ...about,
  /** The score's name; `user-feedback` unless said. */
  name: z.string().min(1).max(100).default("user-feedback"),
  /** Digested on arrival and never kept. */
  comment: z.string().max(20_000).nullable().default(null),
};

/** `POST /v1/feedback`: what users say. A thumb is 1 or 0; a rating is where it lies between `worst` and `best`. */
export const feedbackBatchSchema = z.strictObject({
  feedback: z
    .array(
      z.union([
        z.strictObject({ ...said, thumb: z.enum(["up", "down"]) }),
        z
          .strictObject({ ...said, rating: z.number(), worst: z.number().default(1), best: z.number().default(5) })
          .refine(({ rating, worst, best }) => worst < best && rating >= worst && rating <= best, {
            message: "a rating from worst to best, worst (1 unless said) below best (5 unless said)",
          }),
      ]),
    )
    .max(10_000),
});
export type FeedbackBatch = z.infer<typeof feedbackBatchSchema>;

/** The answer to either: how many were taken, those known before included. */
export const scoresAcceptedSchema = z.object({ accepted: z.number().int() });
export type ScoresAccepted = z.infer<typeof scoresAcceptedSchema>;
