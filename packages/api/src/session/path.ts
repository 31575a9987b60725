import { z } from "zod";
import { releaseNameSchema } from "../agent/agent.ts";

/** One thing that an agent did. */
export const stepSchema = z.object({
  spanId: z.string(),
  /** Below how many others of the turn. */
  depth: z.number().int(),
  kind: z.enum(["agent", "model", "tool", "memory_read", "memory_write"]),
  /** Of the tool, the model or the agent. */
  name: z.string(),
  startedAt: z.number(),
  durationMs: z.number(),
  error: z.object({ type: z.string().nullable(), message: z.string().nullable() }).nullable(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  finishReason: z.string().nullable(),
  firstTokenMs: z.number().nullable(),
  /** Keys of a tool's arguments with their types. */
  argumentShape: z.string().nullable(),
  /** The release that the span names, where it is another than its turn's. */
  claims: releaseNameSchema.nullable(),
});
export type StepView = z.infer<typeof stepSchema>;

export const pathTurnSchema = z.object({
  id: z.string(),
  traceId: z.string(),
  startedAt: z.number(),
  durationMs: z.number(),
  firstByteMs: z.number().nullable(),
  status: z.number().int(),
  fault: z.string().nullable(),
  release: releaseNameSchema,
  steps: z.array(stepSchema),
});

export const scoreViewSchema = z.object({
  name: z.string(),
  value: z.number(),
  label: z.string().nullable(),
  at: z.number(),
  evaluator: z.string().nullable(),
  evaluatorVersion: z.string().nullable(),
});

/** `GET /v1/sessions/:session?agent=`: one an agent that has such a session. */
export const sessionPathsSchema = z.object({
  at: z.number(),
  sessions: z.array(
    z.object({
      agent: z.string(),
      session: z.string(),
      /** As of its first record. */
      release: releaseNameSchema,
      arm: z.enum(["baseline", "canary"]),
      rollout: z.string().nullable(),
      step: z.number().int().nullable(),
      startedAt: z.number(),
      endedAt: z.number(),
      isEnded: z.boolean(),
      turns: z.array(pathTurnSchema),
      moves: z.array(z.object({ at: z.number(), from: releaseNameSchema, to: releaseNameSchema, mode: z.string() })),
      /** The newest last. */
      scores: z.array(scoreViewSchema),
      /** Null while it has not matured. */
      matured: z
        .object({
          at: z.number(),
          endedBy: z.enum(["signal", "idle"]),
          isEscalated: z.boolean(),
          outcome: z.enum(["success", "failure"]).nullable(),
          costUsd: z.number().nullable(),
          inputTokens: z.number(),
          outputTokens: z.number(),
          meanSentiment: z.number().nullable(),
          retries: z.number().int(),
          loops: z.number().int(),
        })
        .nullable(),
    }),
  ),
});
export type SessionPaths = z.infer<typeof sessionPathsSchema>;
export type SessionPathView = SessionPaths["sessions"][number];

/** `GET /v1/traces/:traceId` */
export const traceViewSchema = z.object({ traceId: z.string(), steps: z.array(stepSchema) });
export type TraceView = z.infer<typeof traceViewSchema>;
