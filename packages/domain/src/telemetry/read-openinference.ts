import { finishReason, finishReasonIn } from "./finish-reason.ts";
import { firstEventMs } from "./moment.ts";
import { newSpan, otherSpan, type SpanDetails } from "./new-span.ts";
import { firstContent, firstCount, firstText, textAttribute, type Attributes, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { memberOf, readSmallJson } from "./small-json.ts";
import type { Span } from "./span.ts";
import { wholeUsage } from "./token-usage.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { callIdIn } from "./tool-message.ts";
import { lastUserWords, newIndexedWords, sentimentOf, type IndexedMessages } from "./user-words.ts";

/** Arize's OpenInference, `openinference.span.kind` on every span. Errors may be in exception events only. */
export function readOpenInference(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const kind = textAttribute(raw.attributes, "openinference.span.kind")?.toUpperCase();
  switch (kind) {
    case undefined:
      return null;
    case "LLM":
      return [readLlm(raw, sentiment)];
    case "TOOL":
      return [readTool(raw)];
    case "AGENT":
    case "CHAIN":
      return [isLangGraphNode(raw) ? otherSpan(raw, "openinference", "chain") : readTurn(raw, kind, sentiment)];
    case "RETRIEVER":
      return [newSpan(raw, { kind: "memory_read", dialect: "openinference" })];
    default:
      return [otherSpan(raw, "openinference", OTHERS.has(kind) ? kind.toLowerCase() : "group")];
  }
}

const OTHERS: ReadonlySet<string> = new Set(["EMBEDDING", "RERANKER", "GUARDRAIL", "EVALUATOR", "PROMPT", "DECISION"]);

/** LangGraph's nodes are chains, too, and each repeats the whole conversation; only the graph itself can be a turn. */
function isLangGraphNode(raw: RawSpan): boolean {
  const isNode = textAttribute(raw.attributes, "metadata")?.includes('"langgraph_node"') === true;
  return isNode && agentInMetadata(raw) !== raw.name;
}

function readTurn(raw: RawSpan, kind: "AGENT" | "CHAIN", sentiment: SentimentScorer): Span {
  const input = firstContent(raw.attributes, ["input.value"]);
  const isPlain = textAttribute(raw.attributes, "input.mime_type") === "text/plain";
  const agent = textAttribute(raw.attributes, "agent.name") ?? (kind === "AGENT" ? raw.name : null);
  const own = agentInMetadata(raw);
  return newSpan(
    raw,
    { kind: "turn", dialect: "openinference" },
    {
      agent: agent ?? (own === raw.name ? own : null),
      userSentiment: sentimentOf(isPlain ? input : lastUserWords(input), sentiment),
    },
  );
}

function agentInMetadata({ attributes }: RawSpan): string | null {
  const name = memberOf(readSmallJson(textAttribute(attributes, "metadata")), "lc_agent_name");
  return typeof name === "string" ? name : null;
}

function readLlm(raw: RawSpan, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const words = newIndexedWords(attributes, MESSAGES);
  const details: Partial<SpanDetails> = {
    provider: firstText(attributes, ["llm.provider", "llm.system"]),
    model: firstText(attributes, ["llm.response.model_name", "llm.model_name"]),
    finishReason: reasonOf(attributes),
    firstTokenMs: firstEventMs(raw, "First Token Stream Event"),
    userSentiment: sentimentOf(words, sentiment),
  };
  const usage = wholeUsage({
    inputTokens: firstCount(attributes, ["llm.token_count.prompt"]),
    outputTokens: firstCount(attributes, ["llm.token_count.completion"]),
    cachedInputTokens: firstCount(attributes, ["llm.token_count.prompt_details.cache_read"]),
    cacheWriteInputTokens: firstCount(attributes, ["llm.token_count.prompt_details.cache_write"]),
    reasoningTokens: firstCount(attributes, ["llm.token_count.completion_details.reasoning"]),
  });
  return newSpan(raw, { kind: "reasoning", dialect: "openinference" }, { ...details, ...usage });
}

/** Some instrumentations leave tool calls out of the messages they flatten, and only the raw output has them. */
function reasonOf(attributes: Attributes): string | null {
  const stated = finishReason(attributes.get("llm.finish_reason"));
  if (stated !== null) return stated;
  const callsTool = attributes.has("llm.output_messages.0.message.tool_calls.0.tool_call.function.name");
  return callsTool ? "tool_calls" : finishReasonIn(textAttribute(attributes, "output.value"));
}

/** The input of a tool with one parameter may be that parameter's bare value: then its shape stays unknown. */
function readTool(raw: RawSpan): Span {
  return newSpan(
    raw,
    { kind: "tool", dialect: "openinference" },
    readToolCall(openInferenceToolCall(raw), readError(raw)),
  );
}

export function openInferenceToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  const resultText = firstContent(attributes, ["output.value"]);
  return {
    name: textAttribute(attributes, "tool.name") ?? raw.name,
    callId: firstText(attributes, ["tool_call.id", "tool.id"]) ?? callIdIn(resultText),
    argumentText: firstContent(attributes, ["input.value", "tool.parameters"]),
    resultText,
  };
}

const MESSAGES: IndexedMessages = {
  role: (index) => `llm.input_messages.${index}.message.role`,
  words(attributes, index) {
    const message = `llm.input_messages.${index}.message`;
    // Anthropic sends the results of tools as messages of the user.
    if (attributes.has(`${message}.tool_call_id`)) return null;
    const content = textAttribute(attributes, `${message}.content`);
    if (content !== null) return content;
    const parts: string[] = [];
    for (let part = 0; attributes.has(`${message}.contents.${part}.message_content.type`); part += 1) {
      const text = textAttribute(attributes, `${message}.contents.${part}.message_content.text`);
      if (text !== null) parts.push(text);
    }
    return parts.length > 0 ? parts.join(" ") : null;
  },
};
