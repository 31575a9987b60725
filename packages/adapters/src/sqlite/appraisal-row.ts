import {
  parseAgentName,
  parseSessionId,
  type Appraisal,
  type AppraisalState,
  type AppraisalStore,
  type Score,
  type SpokenWords,
} from "@perch/domain";
import { z } from "zod";

const state = z.enum(["waiting", "answered", "settled"]);
const agent = z.string().transform(parseAgentName);
const session = z.string().transform(parseSessionId);

const scores = z.array(
  z.object({
    id: z.string(),
    agent: agent.nullable(),
    session,
    name: z.string(),
    value: z.number(),
    label: z.string().nullable(),
    at: z.number(),
    evaluator: z.string().nullable(),
    evaluatorVersion: z.string().nullable(),
    commentDigest: z.string().nullable(),
  }) satisfies z.ZodType<Score>,
);

const words = z
  .object({
    trace: z.string(),
    span: z.string(),
    started_at: z.number(),
    ended_at: z.number(),
    user_words: z.string().nullable(),
    answer_words: z.string().nullable(),
  })
  .transform((row): SpokenWords => ({
    traceId: row.trace,
    spanId: row.span,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    user: row.user_words,
    answer: row.answer_words,
  }));

const appraisal = z
  .object({
    id: z.string(),
    agent,
    session,
    scorer: z.string(),
    version: z.string(),
    due_at: z.number(),
    attempts: z.number(),
    next_at: z.number(),
  })
  .transform(({ due_at: dueAt, next_at: nextAt, ...row }): Appraisal => ({ ...row, dueAt, nextAt }));

const kept = z.object({ id: z.string(), agent, session, scores: z.string() });

export const parseState = (value: unknown): AppraisalState => state.parse(value);
export const parseWords = (row: unknown): SpokenWords => words.parse(row);
export const parseAppraisal = (row: unknown): Appraisal => appraisal.parse(row);

export function parseKept(row: unknown): ReturnType<AppraisalStore["answered"]>[number] {
  const { id, scores: text, ...key } = kept.parse(row);
  return { id, key, scores: scores.parse(JSON.parse(text)) };
}
