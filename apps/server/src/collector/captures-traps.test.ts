import { resolveTrace, type ResolvedTrace } from "@perch/domain";
import { describe, expect, test } from "vitest";
import { areCapturesMissing, readCapture, spansOfCapture } from "./__fixtures__/read-capture.ts";

// One test for each trap that the notes beside the recordings name.
function tracesOf(capture: string): readonly ResolvedTrace[] {
  const traces = [...Map.groupBy(spansOfCapture(capture), (span) => span.traceId).values()];
  return traces.map(resolveTrace);
}

function actionsOf(capture: string) {
  return tracesOf(capture).flatMap((trace) => trace.actions);
}

describe.skipIf(areCapturesMissing)("AI SDK", () => {
  test.each([
    ["version 6 has tool calls beside the model calls", "vercel-ai-6/plain.traces.pb"],
    ["version 7's legacy spans have tool calls inside the model calls", "vercel-ai-7/legacy-plain.traces.pb"],
    ["version 7's new spans have both inside a step", "vercel-ai-7/genai-plain.traces.pb"],
  ])("%s: either way each counts", (_what, capture) => {
    expect(actionsOf(capture).filter((action) => action.kind === "tool")).toHaveLength(3);
    expect(actionsOf(capture).filter((action) => action.kind === "reasoning")).toHaveLength(6);
  });

  test("the root is named after the model, and the agent is found nevertheless", () => {
    const [trace] = tracesOf("vercel-ai-7/genai-plain.traces.pb");
    expect(trace?.turns).toMatchObject([{ name: "invoke_agent mock-1", agent: "support-agent" }]);
  });

  test("a turn holds the sum of its model calls, which is not counted beside them", () => {
    const sum = actionsOf("vercel-ai-7/genai-baggage.traces.pb").reduce(
      (total, action) => total + action.inputTokens,
      0,
    );
    expect(sum).toBe(3 * 130);
  });

  test("there is no error type on spans, so it is that of the exception", () => {
    const failed = actionsOf("vercel-ai-7/abort-and-model-error.traces.pb").filter((action) => action.isError);
    expect(failed.map((action) => action.errorType)).toEqual(["Error"]);
  });

  test("an aborted stream ends without status, output or reason: no error, and no response", () => {
    const [aborted, failed] = tracesOf("vercel-ai-7/abort-and-model-error.traces.pb");
    expect(aborted?.turns).toMatchObject([{ isError: false }]);
    expect([aborted?.responses, failed?.responses]).toEqual([[], []]);
  });

  test("the provider is named with one of its interfaces, `openai.chat`", () => {
    expect(actionsOf("vercel-ai-6/plain.traces.pb")[0]?.provider).toBe("openai");
  });

  test("the turn is found behind a real HTTP server span, which is found behind the gateway's", () => {
    const raw = readCapture("vercel-ai-7/gateway-http-stream.traces.pb");
    const server = raw.find((span) => span.kind === "server");
    expect(raw.some((span) => span.spanId === server?.parentSpanId)).toBe(false);
    const [trace] = tracesOf("vercel-ai-7/gateway-http-stream.traces.pb");
    expect(trace?.turns).toMatchObject([{ parentSpanId: server?.spanId, agent: "support-agent" }]);
    expect(trace?.responses).toHaveLength(1);
  });

  test("children come before their parents in the post", () => {
    const raw = readCapture("vercel-ai-7/gateway-http-stream.traces.pb");
    const places = new Map(raw.map((span, index) => [span.spanId, index]));
    const early = raw.filter((span, index) => (places.get(span.parentSpanId ?? "") ?? -1) > index);
    expect(early.length).toBeGreaterThan(0);
  });
});

describe.skipIf(areCapturesMissing)("Anthropic with OpenInference", () => {
  const capture = "anthropic-openinference/plain.traces.pb";

  test("the SDK tells of the same call inside OpenInference's span: it is counted once", () => {
    const actions = actionsOf(capture);
    expect(actions).toHaveLength(7);
    expect(actions.reduce((sum, action) => sum + action.inputTokens, 0)).toBe(6 * 58);
    expect(actions.reduce((sum, action) => sum + action.outputTokens, 0)).toBe(6 * 12);
  });

  test("tokens read from a cache are part of the input, in both dialects of the trace", () => {
    const calls = spansOfCapture(capture).filter((span) => span.inputTokens > 0);
    expect(new Set(calls.map((span) => `${span.dialect ?? ""} ${span.inputTokens} ${span.cachedInputTokens}`))).toEqual(
      new Set(["openinference 58 8", "otel-genai 58 8"]),
    );
  });

  test("without a turn span each call is a trace of its own, and those that answered are responses", () => {
    expect(tracesOf(capture).map((trace) => [trace.turns.length, trace.responses.length])).toEqual([
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  test("what a tool gave back is a message of the user's, and is not the user's words", () => {
    const moods = tracesOf(capture).map((trace) => trace.userSentiment !== null);
    expect(moods).toEqual([true, false, true, false, true, false, true]);
  });

  test("a model that is overloaded is an error with a type and a message", () => {
    expect(actionsOf(capture).at(-1)).toMatchObject({ isError: true, errorType: "OverloadedError" });
  });
});

describe.skipIf(areCapturesMissing)("LangGraph with OpenInference", () => {
  const capture = "langgraph-openinference/plain.traces.pb";

  test("the root is a chain, as are all nodes; the graph is the turn, and its nodes are neither agents nor turns", () => {
    for (const { spans, turns } of tracesOf(capture)) {
      expect(turns).toMatchObject([{ agent: "support-agent" }]);
      expect(spans.filter(({ role }) => role === "subAgent" || role === "duplicate")).toEqual([]);
    }
  });

  test("a tool span has no id of its call, but the message that answers it has", () => {
    const ids = actionsOf(capture).flatMap((action) => (action.tool === null ? [] : [action.tool.callId]));
    expect(ids).toEqual(["call_1", "call_2", null]);
  });

  test("an input of one key is collapsed to its value: its shape stays unknown", () => {
    const shapes = actionsOf(capture).flatMap((action) => (action.tool === null ? [] : [action.tool.argumentShape]));
    expect(shapes).toEqual([null, "amount:number,order_id:string", "amount:number,order_id:string"]);
  });

  test("the status message is a whole stack: its message is kept", () => {
    const failed = actionsOf(capture).filter((action) => action.isError);
    expect(failed.map((action) => action.errorMessage)).toEqual(["REFUND_LIMIT_EXCEEDED"]);
  });

  test("each chain repeats the conversation: a mood is read where the user's words are new", () => {
    const moods = spansOfCapture(capture).filter((span) => span.userSentiment !== null);
    expect(moods.map((span) => span.kind)).toEqual(Array.from({ length: 3 }, () => ["turn", "reasoning"]).flat());
  });

  test("the framework overwrites the session id of the baggage: it is not believed", () => {
    const spans = spansOfCapture("langgraph-openinference/session-collision.traces.json");
    expect(spans.map((span) => span.attribution.session)).toEqual(spans.map(() => null));
  });
});

describe.skipIf(areCapturesMissing)("MCP", () => {
  const capture = "mcp/traceloop-plus-openinference.traces.pb";

  test("a tool that fails answers 200 with an error in its result", () => {
    const failed = actionsOf(capture).filter((action) => action.isError);
    expect(failed.map((action) => [action.tool?.name, action.errorType, action.errorMessage])).toEqual([
      ["issue_refund", "tool_error", "REFUND_LIMIT_EXCEEDED"],
    ]);
  });

  test("the arguments are wrapped into the parameters of the call", () => {
    const tools = actionsOf(capture).filter((action) => action.kind === "tool");
    expect(tools.map((action) => action.tool?.argumentShape)).toEqual([
      "order_id:string",
      "amount:number,order_id:string",
    ]);
  });

  test("the session, its handshake and its listings are no calls", () => {
    const [trace] = tracesOf(capture);
    const groups = trace?.spans.filter(({ role }) => role === "group").map(({ span }) => span.name);
    expect(groups).toEqual(["session", "group", "group", "span"]);
  });

  test("where context is carried to the server its work is part of the turn, and else is a trace of its own", () => {
    expect(tracesOf(capture)).toHaveLength(1);
    expect(tracesOf("mcp/no-mcp-instrumentation.traces.pb")).toHaveLength(2);
  });
});
