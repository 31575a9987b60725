import {
  digestOf,
  NO_MEASURES,
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type AttributeValue,
  type MaturedSession,
  type RawSpan,
  type Score,
  type Span,
  type ToolCall,
} from "@perch/domain";

/** A successful tool call in the trace of `aTurnRecord()`. */
export function aSpan(change: Partial<Span> = {}): Span {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: null,
    kind: "tool",
    dialect: "otel-genai",
    name: "execute_tool lookup_order",
    startedAt: 1005,
    durationMs: 3,
    isError: false,
    errorType: null,
    errorMessage: null,
    attribution: { session: null, release: null, arm: null, rollout: null, serviceVersion: null },
    provider: null,
    model: null,
    agent: null,
    finishReason: null,
    firstTokenMs: null,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    reasoningTokens: 0,
    tool: aToolCall(),
    userSentiment: null,
    ...change,
  };
}

/** A call of `lookup_order` of which nothing else is known. */
export function aToolCall(change: Partial<ToolCall> = {}): ToolCall {
  return {
    name: "lookup_order",
    callId: "call_1",
    argumentsDigest: null,
    argumentShape: null,
    invalidUnder: [],
    resultDigest: null,
    ...change,
  };
}

export function aScore(change: Partial<Score> = {}): Score {
  return {
    id: "score-1",
    agent: null,
    session: parseSessionId("session-1"),
    name: "helpful",
    value: 1,
    label: null,
    at: 2000,
    evaluator: null,
    evaluatorVersion: null,
    commentDigest: null,
    ...change,
  };
}

/** A quiet, successful baseline session of a rollout's first step. */
export function aMaturedSession(change: Partial<MaturedSession> = {}): MaturedSession {
  return {
    sequence: 1,
    session: parseSessionId("session-1"),
    agent: parseAgentName("support"),
    release: digestOf("support 2.3.0"),
    arm: "baseline",
    rollout: parseRolloutId("support-2-3-1"),
    step: 0,
    startedAt: 1000,
    endedAt: 1020,
    maturedAt: 3000,
    endedBy: "signal",
    turns: 1,
    failedTurns: 0,
    toolSequence: [],
    failedToolCalls: 0,
    isEscalated: false,
    inputTokens: 0,
    outputTokens: 0,
    meanSentiment: null,
    scores: {},
    releasesSeen: [digestOf("support 2.3.0")],
    isSynthetic: false,
    measures: NO_MEASURES,
    ...change,
  };
}

/** A span with these attributes and no others, of an instrumentation that is known by them alone. */
export function aRawSpanWith(
  entries: Readonly<Record<string, AttributeValue>>,
  change: Partial<RawSpan> = {},
): RawSpan {
  return aRawSpan({ scopeName: "some-instrumentation", attributes: new Map(Object.entries(entries)), ...change });
}

/** A tool call as version 7 of the AI SDK reports it. */
export function aRawSpan(change: Partial<RawSpan> = {}): RawSpan {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: null,
    name: "execute_tool lookup_order",
    kind: "internal",
    scopeName: "gen_ai",
    scopeVersion: "",
    startedAt: 1005,
    durationMs: 3,
    status: "unset",
    statusMessage: "",
    attributes: new Map([
      ["gen_ai.operation.name", "execute_tool"],
      ["gen_ai.tool.name", "lookup_order"],
    ]),
    resource: new Map(),
    events: [],
    ...change,
  };
}
