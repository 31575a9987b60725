import { parseAgentName, parseDigest, parseRolloutId, parseSessionId, type MaturedSession } from "@perch/domain";
import { z } from "zod";
import { MEASURE_COLUMNS, measureShape, readMeasures, toMeasureColumns } from "./measure-columns.ts";
import { nullable } from "./nullable.ts";

export function toSessionRow(session: MaturedSession) {
  return {
    sequence: session.sequence,
    session: session.session,
    agent: session.agent,
    release: session.release,
    arm: session.arm,
    rollout: session.rollout,
    step: session.step,
    started_at: session.startedAt,
    ended_at: session.endedAt,
    matured_at: session.maturedAt,
    ended_by: session.endedBy,
    turns: session.turns,
    failed_turns: session.failedTurns,
    tool_sequence: session.toolSequence,
    failed_tool_calls: session.failedToolCalls,
    is_escalated: session.isEscalated,
    input_tokens: session.inputTokens,
    output_tokens: session.outputTokens,
    mean_sentiment: session.meanSentiment,
    scores: session.scores,
    releases_seen: session.releasesSeen,
    is_synthetic: session.isSynthetic,
    ...toMeasureColumns(session.measures),
  };
}

/** Every column of `sessionRow`, for the queries that read whole sessions. */
export const SESSION_COLUMNS = `sequence, session, agent, release, arm, rollout, step, started_at, ended_at, matured_at,
  ended_by, turns, failed_turns, tool_sequence, failed_tool_calls, is_escalated, input_tokens, output_tokens,
  mean_sentiment, scores, releases_seen, is_synthetic, ${MEASURE_COLUMNS}`;

export const sessionRow = z
  .object({
    sequence: z.coerce.number(),
    session: z.string().transform(parseSessionId),
    agent: z.string().transform(parseAgentName),
    release: z.string().transform(parseDigest),
    arm: z.enum(["baseline", "canary"]),
    rollout: nullable(parseRolloutId),
    step: z.number().nullable(),
    started_at: z.number(),
    ended_at: z.number(),
    matured_at: z.number(),
    ended_by: z.enum(["signal", "idle"]),
    turns: z.number(),
    failed_turns: z.number(),
    tool_sequence: z.array(z.string()),
    failed_tool_calls: z.number(),
    is_escalated: z.boolean(),
    input_tokens: z.coerce.number(),
    output_tokens: z.coerce.number(),
    mean_sentiment: z.number().nullable(),
    scores: z.record(z.string(), z.number()),
    releases_seen: z.array(z.string().transform(parseDigest)),
    is_synthetic: z.boolean(),
    ...measureShape,
  })
  .transform((row): MaturedSession => ({
    sequence: row.sequence,
    session: row.session,
    agent: row.agent,
    release: row.release,
    arm: row.arm,
    rollout: row.rollout,
    step: row.step,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    maturedAt: row.matured_at,
    endedBy: row.ended_by,
    turns: row.turns,
    failedTurns: row.failed_turns,
    toolSequence: row.tool_sequence,
    failedToolCalls: row.failed_tool_calls,
    isEscalated: row.is_escalated,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    meanSentiment: row.mean_sentiment,
    scores: row.scores,
    releasesSeen: row.releases_seen,
    isSynthetic: row.is_synthetic,
    measures: readMeasures(row),
  }));
