export type Outcome = "success" | "failure";

/** The calls of one tool in one session. */
export type ToolMeasures = {
  readonly calls: number;
  readonly failed: number;
  /** Calls whose arguments the release's own JSON Schema of the tool refuses. What was not seen is not counted. */
  readonly invalidArguments: number;
};

/** What one session took and came to. Null: not known, which is never the same as 0. */
export type SessionMeasures = {
  /** Null when a model call is of a model without a price, and when there was none. */
  readonly costUsd: number | null;
  /** The models without a price, sorted. */
  readonly unpricedModels: readonly string[];
  /** From the first record to the end of the last. */
  readonly durationMs: number;
  readonly slowestTurnMs: number | null;
  /** To the first byte of the first turn's answer. */
  readonly firstResponseMs: number | null;
  readonly slowestFirstByteMs: number | null;
  /** To the first token of the first turn by its spans; where these say nothing, to the first byte. */
  readonly firstTokenMs: number | null;
  /** Model calls. */
  readonly steps: number;
  readonly toolCalls: Readonly<Record<string, ToolMeasures>>;
  /** Calls, of a tool or of a model, that were made because the same call had just failed in the same turn. */
  readonly retries: number;
  /** The longest run of calls of one tool with the same arguments in one turn, minus one. */
  readonly loops: number;
  /** `tool(key,key)`, sorted, each once. */
  readonly argumentShapes: readonly string[];
  readonly outcome: Outcome | null;
  /** What the strategy's classifier said that the session is about. */
  readonly intent: string | null;
  /** By the name of the score: `evaluator@version` of what gave it, if it said its version. */
  readonly evaluators: Readonly<Record<string, string>>;
};

/** Of a session of which nothing but its turns is known. */
export const NO_MEASURES: SessionMeasures = {
  costUsd: null,
  unpricedModels: [],
  durationMs: 0,
  slowestTurnMs: null,
  firstResponseMs: null,
  slowestFirstByteMs: null,
  firstTokenMs: null,
  steps: 0,
  toolCalls: {},
  retries: 0,
  loops: 0,
  argumentShapes: [],
  outcome: null,
  intent: null,
  evaluators: {},
};
