import type { Digest } from "../release/digest.ts";
import type { Arm } from "../routing/assign.ts";
import type { RolloutId, SessionId } from "../routing/ids.ts";

export type SpanKind = "turn" | "reasoning" | "tool" | "memory_read" | "memory_write" | "response";

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

/** One step of a turn in the common vocabulary, whatever dialect it came in. Content is digested, never kept. */
export type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly kind: SpanKind;
  readonly name: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly isError: boolean;
  readonly errorMessage: string | null;
  readonly attribution: Attribution;
  readonly model: string | null;
  /** Tokens are set on `reasoning` spans only, so that a sum over a session counts each once. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly tool: {
    readonly name: string;
    readonly callId: string | null;
    readonly argumentsDigest: string | null;
  } | null;
  /** −1..1, of the *user's* words of this turn; relative use only. Null when the span carries none. */
  readonly userSentiment: number | null;
};
