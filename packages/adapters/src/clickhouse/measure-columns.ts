import type { SessionMeasures, ToolMeasures } from "@perch/domain";
import { z } from "zod";

export function toMeasureColumns(measures: SessionMeasures) {
  return {
    cost_usd: measures.costUsd,
    unpriced_models: measures.unpricedModels,
    duration_ms: measures.durationMs,
    slowest_turn_ms: measures.slowestTurnMs,
    first_response_ms: measures.firstResponseMs,
    slowest_first_byte_ms: measures.slowestFirstByteMs,
    first_token_ms: measures.firstTokenMs,
    steps: measures.steps,
    tool_calls: mapValues(measures.toolCalls, toToolTuple),
    retries: measures.retries,
    loops: measures.loops,
    argument_shapes: measures.argumentShapes,
    outcome: measures.outcome,
    intent: measures.intent,
    evaluators: measures.evaluators,
  };
}

/** Every column of `measureShape`. */
export const MEASURE_COLUMNS = `cost_usd, unpriced_models, duration_ms, slowest_turn_ms, first_response_ms,
  slowest_first_byte_ms, first_token_ms, steps, tool_calls, retries, loops, argument_shapes, outcome, intent, evaluators`;

export const measureShape = {
  cost_usd: z.number().nullable(),
  unpriced_models: z.array(z.string()),
  duration_ms: z.number(),
  slowest_turn_ms: z.number().nullable(),
  first_response_ms: z.number().nullable(),
  slowest_first_byte_ms: z.number().nullable(),
  first_token_ms: z.number().nullable(),
  steps: z.number(),
  tool_calls: z.record(z.string(), z.object({ calls: z.number(), failed: z.number(), invalid_arguments: z.number() })),
  retries: z.number(),
  loops: z.number(),
  argument_shapes: z.array(z.string()),
  outcome: z.enum(["success", "failure"]).nullable(),
  intent: z.string().nullable(),
  evaluators: z.record(z.string(), z.string()),
};

type MeasureRow = z.infer<z.ZodObject<typeof measureShape>>;

export function readMeasures(row: MeasureRow): SessionMeasures {
  return {
    costUsd: row.cost_usd,
    unpricedModels: row.unpriced_models,
    durationMs: row.duration_ms,
    slowestTurnMs: row.slowest_turn_ms,
    firstResponseMs: row.first_response_ms,
    slowestFirstByteMs: row.slowest_first_byte_ms,
    firstTokenMs: row.first_token_ms,
    steps: row.steps,
    toolCalls: mapValues(row.tool_calls, ({ calls, failed, invalid_arguments: invalidArguments }) => ({
      calls,
      failed,
      invalidArguments,
    })),
    retries: row.retries,
    loops: row.loops,
    argumentShapes: row.argument_shapes,
    outcome: row.outcome,
    intent: row.intent,
    evaluators: row.evaluators,
  };
}

function toToolTuple({ calls, failed, invalidArguments }: ToolMeasures) {
  return { calls, failed, invalid_arguments: invalidArguments };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
