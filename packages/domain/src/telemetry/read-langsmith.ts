import { finishReasonIn } from "./finish-reason.ts";
import { genAiReasoning } from "./gen-ai-spans.ts";
import { newSpan, otherSpan, type SpanDetails } from "./new-span.ts";
import { firstContent, firstText, textAttribute, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { isRecord, memberOf, readSmallJson } from "./small-json.ts";
import type { Span } from "./span.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { callIdIn } from "./tool-message.ts";
import { lastUserWords, newUserWords, sentimentOf } from "./user-words.ts";

/**
 * What the LangSmith SDK exports over OpenTelemetry. The kind of run decides: `gen_ai.operation.name` calls the rendering
 * of a prompt a chat, and a retriever embeddings.
 */
export function readLangSmith(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const kind = textAttribute(raw.attributes, "langsmith.span.kind");
  if (kind === null) return null;
  // Its spans begin with the status OK, which OpenTelemetry lets nobody take back: only the exception tells of a failure.
  return [readRun(raw.status === "ok" ? { ...raw, status: "unset" } : raw, kind, sentiment)];
}

function readRun(raw: RawSpan, kind: string, sentiment: SentimentScorer): Span {
  switch (kind) {
    case "llm":
      return readLlm(raw, sentiment);
    case "tool":
      return readTool(raw);
    case "retriever":
      return newSpan(raw, { kind: "memory_read", dialect: "langsmith" });
    case "chain":
      return isLangGraphNode(raw) ? otherSpan(raw, "langsmith", "chain") : readTurn(raw, sentiment);
    default:
      return otherSpan(raw, "langsmith", OTHERS.has(kind) ? kind : "group");
  }
}

const OTHERS: ReadonlySet<string> = new Set(["embedding", "prompt", "parser"]);

function isLangGraphNode(raw: RawSpan): boolean {
  return raw.attributes.has("langsmith.metadata.langgraph_node") && agentOf(raw) === null;
}

/** Every run names the agent that it is part of; a run of that name is the agent itself. */
function agentOf({ attributes, name }: RawSpan): string | null {
  const agent = textAttribute(attributes, "langsmith.metadata.lc_agent_name");
  const own = textAttribute(attributes, "langsmith.trace.name") ?? name;
  return agent === own ? agent : null;
}

function readTurn(raw: RawSpan, sentiment: SentimentScorer): Span {
  const words = lastUserWords(firstContent(raw.attributes, ["gen_ai.prompt"]));
  return newSpan(
    raw,
    { kind: "turn", dialect: "langsmith" },
    { agent: agentOf(raw), userSentiment: sentimentOf(words, sentiment) },
  );
}

function readLlm(raw: RawSpan, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const span = genAiReasoning(raw, "langsmith", sentiment);
  return {
    ...span,
    ...usageOf(raw, span),
    finishReason: span.finishReason ?? finishReasonIn(textAttribute(attributes, "gen_ai.completion")),
    userSentiment: sentimentOf(newUserWords(textAttribute(attributes, "gen_ai.prompt")), sentiment),
  };
}

/** The details of what was counted; LangChain's numbers include them. */
function usageOf({ attributes }: RawSpan, span: Span): Partial<SpanDetails> {
  const usage = readSmallJson(textAttribute(attributes, "langsmith.usage_metadata"));
  const count = (holder: unknown, key: string): number => {
    const value = memberOf(holder, key);
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
  };
  const input = memberOf(usage, "input_token_details");
  return {
    inputTokens: span.inputTokens || count(usage, "input_tokens"),
    outputTokens: span.outputTokens || count(usage, "output_tokens"),
    cachedInputTokens: span.cachedInputTokens || count(input, "cache_read"),
    cacheWriteInputTokens: span.cacheWriteInputTokens || count(input, "cache_creation"),
    reasoningTokens: span.reasoningTokens || count(memberOf(usage, "output_token_details"), "reasoning"),
  };
}

function readTool(raw: RawSpan): Span {
  return newSpan(raw, { kind: "tool", dialect: "langsmith" }, readToolCall(langSmithToolCall(raw), readError(raw)));
}

export function langSmithToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  const resultText = firstContent(attributes, ["gen_ai.completion"]);
  return {
    name: firstText(attributes, ["gen_ai.tool.name", "langsmith.trace.name"]) ?? raw.name,
    callId: textAttribute(attributes, "gen_ai.tool.call.id") ?? callIdIn(resultText),
    argumentText: ownArguments(firstContent(attributes, ["gen_ai.prompt"])),
    resultText,
  };
}

/** LangChain wraps the arguments, as JSON in a text, into `{ input }`. */
function ownArguments(text: string | null): string | null {
  const value = readSmallJson(text);
  const isWrapped = isRecord(value) && Object.keys(value).length === 1 && typeof value["input"] === "string";
  return isWrapped && typeof value["input"] === "string" ? value["input"] : text;
}
