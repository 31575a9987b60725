import { genAiReasoning, genAiSpans } from "./gen-ai-spans.ts";
import { newSpan, otherSpan } from "./new-span.ts";
import { firstContent, textAttribute, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { isRecord, readSmallJson } from "./small-json.ts";
import type { Span, SpanKind } from "./span.ts";
import { genAiUsage } from "./token-usage.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { newUserWords, sentimentOf } from "./user-words.ts";

const SCOPE = "gcp.vertex.agent";
const KIND_OF_OPERATION: Readonly<Record<string, SpanKind>> = {
  invocation: "turn",
  invoke_agent: "turn",
  invoke_workflow: "turn",
  agent_run: "turn",
  call_llm: "reasoning",
  generate_content: "reasoning",
  execute_tool: "tool",
};

/**
 * Google's Agent Development Kit. A model call is `call_llm`, inside which newer versions tell of it once more as
 * `generate_content`; a turn is `invocation`, or a workflow, around `invoke_agent` (`agent_run [name]` at first).
 */
export function readGoogleAdk(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  if (raw.scopeName !== SCOPE && !raw.attributes.has("gcp.vertex.agent.event_id")) return null;
  const kind = kindOf(raw);
  if (kind === "turn") return readTurn(raw, sentiment);
  if (kind === "reasoning") return [readLlm(raw, sentiment)];
  return [kind === "tool" && !isMerged(raw) ? readTool(raw) : otherSpan(raw, "google-adk", "group")];
}

function kindOf({ attributes, name }: RawSpan): SpanKind {
  const operation = textAttribute(attributes, "gen_ai.operation.name") ?? name.split(" ")[0] ?? "";
  return (Object.hasOwn(KIND_OF_OPERATION, operation) ? KIND_OF_OPERATION[operation] : undefined) ?? "other";
}

function readTurn(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] {
  const agent = /^agent_run \[(.*)\]$/.exec(raw.name)?.[1];
  const spans = genAiSpans(raw, { kind: "turn", dialect: "google-adk" }, sentiment);
  return agent === undefined ? spans : spans.map((span) => ({ ...span, agent }));
}

/** Told of beside the calls whose answers it merges. */
function isMerged({ attributes, name }: RawSpan): boolean {
  return name.includes("(merged") || textAttribute(attributes, "gen_ai.tool.name") === "(merged tools)";
}

function readLlm(raw: RawSpan, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const span = genAiReasoning(raw, "google-adk", sentiment);
  const words = newUserWords(textAttribute(attributes, "gcp.vertex.agent.llm_request"));
  return {
    ...span,
    ...genAiUsage(attributes, { reasoning: isThoughtApart(raw) }),
    finishReason: calledFunction(raw) ? "tool_calls" : span.finishReason,
    userSentiment: span.userSentiment ?? sentimentOf(words, sentiment),
  };
}

/**
 * Before the conventions had a name for thoughts, ADK passed on what the backend counts: Vertex AI counts them beside the
 * output, the Gemini API within, and only the total tells which.
 */
function isThoughtApart({ attributes }: RawSpan): boolean {
  if (!attributes.has("gen_ai.usage.experimental.reasoning_tokens")) return false;
  const response = textAttribute(attributes, "gcp.vertex.agent.llm_response") ?? "";
  const total = /^"total_token_count"\s*:\s*(\d+)/.exec(
    response.slice(response.lastIndexOf('"total_token_count"')),
  )?.[1];
  const { inputTokens, outputTokens } = genAiUsage(attributes);
  return Number(total) !== inputTokens + outputTokens;
}

/** Gemini stops for tools with the same reason as for anything; only the response tells. */
function calledFunction({ attributes }: RawSpan): boolean {
  const response = textAttribute(attributes, "gcp.vertex.agent.llm_response");
  return response !== null && /"function_?call"\s*:\s*\{/i.test(response.slice(0, 65_536));
}

function readTool(raw: RawSpan): Span {
  const call = googleAdkToolCall(raw);
  const read = readToolCall(call, readError(raw));
  const agent = textAttribute(raw.attributes, "gen_ai.agent.name");
  const failed = !read.isError && saysError(call.resultText) ? { isError: true, errorType: "tool_error" } : {};
  return newSpan(raw, { kind: "tool", dialect: "google-adk" }, { agent, ...read, ...failed });
}

export function googleAdkToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  const callId = textAttribute(attributes, "gen_ai.tool.call.id");
  const resultText = firstContent(attributes, ["gcp.vertex.agent.tool_response", "gen_ai.tool.call.result"]);
  return {
    name: textAttribute(attributes, "gen_ai.tool.name") ?? raw.name.replace(/^execute_tool /, ""),
    callId: callId === "<not specified>" ? null : callId,
    argumentText: firstContent(attributes, ["gcp.vertex.agent.tool_call_args", "gen_ai.tool.call.arguments"]),
    resultText,
  };
}

/** Tools of ADK answer with an object, and by its custom say `status: "error"` or `error`. */
function saysError(resultText: string | null): boolean {
  if (resultText === null || !/"(?:error|status)"/.test(resultText)) return false;
  const result = readSmallJson(resultText);
  if (!isRecord(result)) return false;
  return result["status"] === "error" || (typeof result["error"] === "string" && result["error"] !== "");
}
