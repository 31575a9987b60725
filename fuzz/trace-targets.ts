import {
  DIALECTS,
  readSpan,
  resolveTrace,
  SPAN_KINDS,
  type AttributeValue,
  type RawSpan,
  type Span,
} from "@perch/domain";
import { aRawSpan, aSpan, aToolCall } from "@perch/testkit";
import type { FuzzTarget } from "./targets.ts";

const wordCount = { scoreOf: (text: string) => text.split(" ").length };
const TOOL_MESSAGE = '{"output":{"lc":1,"id":["ToolMessage"],"kwargs":{"status":"error","tool_call_id":"c"}}}';
const MESSAGES = '[{"role":"user","parts":[{"type":"text","content":"hello"}]}]';

// An attribute a line, so that what is changed at random is mostly still one. One for each way a dialect says things.
const SPANS: readonly (readonly string[])[] = [
  ["scope=gen_ai", "gen_ai.operation.name=invoke_agent", `gen_ai.input.messages=${MESSAGES}`],
  ["gen_ai.operation.name=chat", "gen_ai.usage.input_tokens=9", 'gen_ai.response.finish_reasons=["stop"]'],
  ["gen_ai.operation.name=execute_tool", 'gen_ai.tool.call.arguments={"a":[1],"b":null}', "error.type=timeout"],
  ["ai.operationId=ai.generateText", 'ai.prompt={"messages":[{"role":"user","content":"hello"}]}'],
  ["ai.operationId=ai.toolCall", "ai.toolCall.name=t", 'ai.toolCall.result={"isError":true}'],
  ["openinference.span.kind=LLM", "llm.input_messages.0.message.role=user", "llm.input_messages.0.message.content=hi"],
  ["openinference.span.kind=TOOL", `output.value=${TOOL_MESSAGE}`, "input.value=A-100"],
  ["openinference.span.kind=CHAIN", 'metadata={"langgraph_node":"n","lc_agent_name":"a"}', "input.value=[[{}]]"],
  [
    "traceloop.span.kind=tool",
    'traceloop.entity.input={"arguments":{"a":1}}',
    'traceloop.entity.output={"is_error":true}',
  ],
  ["llm.request.type=chat", "gen_ai.prompt.0.role=user", 'gen_ai.prompt.0.content=[{"type":"text","text":"x"}]'],
  ["langsmith.span.kind=llm", 'langsmith.usage_metadata={"input_tokens":9,"input_token_details":{"cache_read":1}}'],
  ["langsmith.span.kind=tool", 'gen_ai.prompt={"input":"{}"}', `gen_ai.completion=${TOOL_MESSAGE}`],
  ["mastra.span.type=agent_run", "mastra.agent_run.input=hello", "mastra.agent_run.output={}"],
  ["langfuse.observation.type=generation", 'langfuse.observation.usage_details={"input":9,"cache_read":1,"total":9}'],
  ["langfuse.observation.type=tool", "langfuse.observation.level=ERROR", "langfuse.observation.status_message=no"],
  ["scope=gcp.vertex.agent", "name=call_llm", `gcp.vertex.agent.llm_request={"contents":${MESSAGES}}`],
  ["scope=gcp.vertex.agent", "name=execute_tool t", 'gcp.vertex.agent.tool_response={"error":"no"}'],
  ["mcp.method.name=tools/call", "name=tools/call t", "rpc.response.status_code=-32602"],
  ["status=error", "message=Error: it\\n    at there", "http.request.method=GET", "http.response.status_code=503"],
];

export const TRACE_TARGETS: readonly FuzzTarget[] = [
  { name: "span", seeds: SPANS.map((lines) => Buffer.from(lines.join("\n"))), read: readRawSpan },
  { name: "trace", seeds: [Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz".repeat(5))], read: readTrace },
];

/** Reads the span and checks what everybody counts on. */
function readRawSpan(input: Buffer): Uint8Array {
  const lines = input.toString().split("\n");
  const entries = lines.map((line): [string, AttributeValue] => [line.split("=")[0] ?? "", valueOf(line)]);
  const attributes = new Map(entries);
  const text = (key: string) => JSON.stringify(attributes.get(key) ?? "").replace(/^"|"$/g, "");
  const raw: RawSpan = aRawSpan({
    attributes,
    name: text("name"),
    scopeName: text("scope"),
    status: text("status") === "error" ? "error" : "unset",
    statusMessage: text("message"),
    events: [{ name: text("event"), at: 1, attributes }],
  });
  for (const span of readSpan(raw, wordCount)) checkSpan(span);
  return Buffer.from(input.toString());
}

function valueOf(line: string): AttributeValue {
  const value = line.slice(line.indexOf("=") + 1);
  return /^-?\d{1,17}$/.test(value) ? Number(value) : value;
}

function checkSpan(span: Span): void {
  const counts = [span.inputTokens, span.outputTokens, span.cachedInputTokens, span.reasoningTokens];
  if (!counts.every((count) => Number.isFinite(count) && count >= 0)) throw new Error(`counts ${counts.join(" ")}`);
  const texts = [span.name, span.errorType, span.errorMessage, span.finishReason, span.tool?.name, span.tool?.callId];
  if (texts.some((text) => (text ?? "").length > 300)) throw new Error("a text without a bound");
}

/** A span for each four bytes: its id, its parent's, its kind with its dialect, and its time. */
function readTrace(input: Buffer): Uint8Array {
  const spans = Array.from({ length: Math.floor(input.length / 4) }, (_, index) => spanOf(input.subarray(index * 4)));
  const { spans: resolved, turns, actions } = resolveTrace(spans);
  const known = new Set(spans.filter((span) => span.kind !== "response").map((span) => span.spanId));
  if (resolved.length !== known.size) throw new Error(`${resolved.length} spans out of ${known.size}`);
  if (turns.length + actions.length > resolved.length) throw new Error("more counts than there is");
  return input;
}

function spanOf([id = 0, parent = 0, kind = 0, time = 0]: Uint8Array): Span {
  const spanKind = SPAN_KINDS[kind % SPAN_KINDS.length] ?? "other";
  return aSpan({
    spanId: spanKind === "response" ? `${id}-response` : String(id),
    parentSpanId: parent === 0 ? null : String(parent),
    kind: spanKind,
    dialect: DIALECTS[kind % DIALECTS.length] ?? null,
    agent: kind % 3 === 0 ? null : String(kind % 3),
    tool: kind % 2 === 0 ? null : aToolCall({ name: String(kind % 4) }),
    startedAt: time >> 4,
    durationMs: time & 15,
  });
}
