import type { Digest } from "../release/digest.ts";
import type { RolloutId, SessionId } from "../routing/ids.ts";
import { resolveTrace } from "../telemetry/resolve-trace.ts";
import type { SessionEvidence } from "../telemetry/session.ts";
import type { SessionKey } from "../telemetry/session-key.ts";
import { spansByTurn } from "../telemetry/spans-by-turn.ts";

/** One call of a tool that changes the world, by a canary's session. */
export type WriteCall = {
  readonly session: SessionId;
  readonly traceId: string;
  readonly spanId: string;
  readonly at: number;
  readonly tool: string;
  readonly isError: boolean;
  /** Of the exact arguments; null when no instrumentation told them. */
  readonly argumentsDigest: string | null;
  readonly argumentShape: string | null;
  readonly resultDigest: string | null;
  /** What the agent passed so that a repeat counts once; null: nothing that is known as such. */
  readonly idempotencyKey: string | null;
  readonly callId: string | null;
};

/** Which sessions acted upon the world. */
export interface WriteCallSource {
  /**
   * Canary sessions of the rollout with a call of one of the tools in a turn that the canary release answered, or in a trace that
   * names the session and that no turn may know; by session id, at most `limit` after `after` (null: from the first). Which of
   * a session's calls count, `writeCallsOf` tells.
   */
  sessionsCalling(query: {
    readonly rollout: RolloutId;
    readonly canary: Digest;
    readonly tools: readonly string[];
    readonly after: SessionId | null;
    readonly limit: number;
  }): Promise<readonly SessionKey[]>;
}

/** Each call counts once, however many instrumentations told of it. Earliest first. */
export function writeCallsOf(
  evidence: SessionEvidence,
  { canary, tools }: { readonly canary: Digest; readonly tools: ReadonlySet<string> },
): readonly WriteCall[] {
  const traces = new Set(evidence.turns.filter(({ release }) => release === canary).map(({ traceId }) => traceId));
  const actions = [...spansByTurn(evidence)].flatMap(([traceId, spans]) =>
    traces.has(traceId) ? resolveTrace(spans).actions : [],
  );
  return actions
    .flatMap((span): WriteCall[] => {
      const { tool } = span;
      // What a shadow was asked never reached the world.
      if (span.kind !== "tool" || tool === null || !tools.has(tool.name) || span.attribution.arm === "shadow")
        return [];
      return [
        {
          session: evidence.session,
          traceId: span.traceId,
          spanId: span.spanId,
          at: span.startedAt,
          tool: tool.name,
          isError: span.isError,
          argumentsDigest: tool.argumentsDigest,
          argumentShape: tool.argumentShape,
          resultDigest: tool.resultDigest,
          idempotencyKey: tool.idempotencyKey ?? null,
          callId: tool.callId,
        },
      ];
    })
    .toSorted((a, b) => a.at - b.at || (a.spanId < b.spanId ? -1 : 1));
}
