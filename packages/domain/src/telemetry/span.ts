import type { Digest } from "../release/digest.ts";
import type { Arm } from "../routing/assign.ts";
import type { RolloutId, SessionId } from "../routing/ids.ts";

/**
 * `turn` is every span that may be the outermost of a turn; which one is, only the whole trace tells (`resolveTrace`).
 * `other` is a bare link between spans: it groups others, or is of no dialect at all (HTTP, databases).
 */
export const SPAN_KINDS = ["turn", "reasoning", "tool", "memory_read", "memory_write", "response", "other"] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** The vocabularies that are understood. */
export const DIALECTS = [
  "ai-sdk",
  "google-adk",
  "langfuse",
  "langsmith",
  "mastra",
  "mcp",
  "openinference",
  "openllmetry",
  "otel-genai",
] as const;
export type Dialect = (typeof DIALECTS)[number];

/** What the span itself says about where it belongs, from baggage or resource. The turn record outranks it. */
export type Attribution = {
  readonly session: SessionId | null;
  readonly release: Digest | null;
  /** `shadow`: nothing of it belongs to the session, although it names it. */
  readonly arm: Arm | "shadow" | null;
  readonly rollout: RolloutId | null;
  /** Resource `service.version`, for finding mis-deployed pods. */
  readonly serviceVersion: string | null;
};

/** One call of a tool. What went in and came out is digested, never kept. */
export type ToolCall = {
  readonly name: string;
  readonly callId: string | null;
  readonly argumentsDigest: string | null;
  /** Sorted keys with their JSON types, `amount:number,order_id:string`; null when the arguments are unknown. */
  readonly argumentShape: string | null;
  /** Digests of the schemas of known releases that refuse the arguments. What was not seen whole is refused by none. */
  readonly invalidUnder: readonly string[];
  readonly resultDigest: string | null;
  /** What the agent passed so that a repeat counts once; lacking: nothing that is known as such. */
  readonly idempotencyKey?: string;
};

/** Tokens by how they are billed. Parts are never counted beside the whole. */
export type TokenUsage = {
  /** All of them, those read from or written to a cache included. */
  readonly inputTokens: number;
  /** All of them, reasoning included. */
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  readonly reasoningTokens: number;
};

/**
 * One part of a turn in the common vocabulary, whatever dialect it came in. Content is digested, never kept. Tokens are
 * set on `reasoning` spans only, and the same call may be told of twice: `resolveTrace` says which spans count.
 */
export type Span = TokenUsage & {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly kind: SpanKind;
  /** Null: of no dialect that is understood. */
  readonly dialect: Dialect | null;
  readonly name: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly isError: boolean;
  /** Of few different values: a class, a code, `tool_error`. */
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly attribution: Attribution;
  readonly provider: string | null;
  readonly model: string | null;
  /** The agent that this span is the work of, by its own name. */
  readonly agent: string | null;
  /** `stop`, `tool_calls`, `length`, `content_filter`, `error`, or what else the provider said. */
  readonly finishReason: string | null;
  readonly firstTokenMs: number | null;
  readonly tool: ToolCall | null;
  /** −1..1, of the *user's* words of this turn; relative use only. Null when the span carries none. */
  readonly userSentiment: number | null;
};
