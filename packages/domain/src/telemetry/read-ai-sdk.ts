import { finishReason } from "./finish-reason.ts";
import { genAiReasoning, genAiSpans, kindOfOperation } from "./gen-ai-spans.ts";
import { newSpan, otherSpan, turnWithResponse, type SpanDetails } from "./new-span.ts";
import { firstContent, firstCount, firstDuration, firstText, textAttribute, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span, SpanKind, TokenUsage } from "./span.ts";
import { wholeUsage } from "./token-usage.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { lastUserWords, sentimentOf } from "./user-words.ts";

const KIND_OF_OPERATION: Readonly<Record<string, SpanKind>> = {
  "ai.generateText": "turn",
  "ai.streamText": "turn",
  "ai.generateObject": "turn",
  "ai.streamObject": "turn",
  "ai.generateText.doGenerate": "reasoning",
  "ai.streamText.doStream": "reasoning",
  "ai.generateObject.doGenerate": "reasoning",
  "ai.streamObject.doStream": "reasoning",
  "ai.toolCall": "tool",
};

/**
 * The Vercel AI SDK: `ai.operationId` on every span in versions 5 and 6 and with version 7's `LegacyOpenTelemetry`, the
 * scope `gen_ai` and OpenTelemetry's conventions from version 7 on. Its turns say whether the user got an answer.
 */
export function readAiSdk(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const operation = textAttribute(raw.attributes, "ai.operationId");
  if (operation !== null) return readLegacy(raw, operation, sentiment);
  if (raw.scopeName !== "gen_ai") return null;
  const kind = kindOfOperation(textAttribute(raw.attributes, "gen_ai.operation.name")) ?? "other";
  // Each of its model calls repeats the words that its turn holds.
  if (kind === "reasoning") return [genAiReasoning(raw, "ai-sdk", null)];
  return genAiSpans(raw, { kind, dialect: "ai-sdk" }, sentiment);
}

function readLegacy(raw: RawSpan, operation: string, sentiment: SentimentScorer): readonly Span[] {
  const kind = Object.hasOwn(KIND_OF_OPERATION, operation) ? KIND_OF_OPERATION[operation] : undefined;
  if (kind === "turn") return readTurn(raw, sentiment);
  if (kind === "reasoning") return [readReasoning(raw)];
  if (kind === "tool") return [readTool(raw)];
  return [otherSpan(raw, "ai-sdk", operation.startsWith("ai.embed") ? "embeddings" : "group")];
}

function readTurn(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] {
  const words = lastUserWords(firstContent(raw.attributes, ["ai.prompt"]));
  const turn = newSpan(
    raw,
    { kind: "turn", dialect: "ai-sdk" },
    { ...modelOf(raw), finishReason: reasonOf(raw), userSentiment: sentimentOf(words, sentiment) },
  );
  // An aborted stream ends without a finish reason, a failed one with an error: neither gave the user a response.
  return turnWithResponse(turn, raw.attributes.has("ai.response.finishReason"));
}

function readReasoning(raw: RawSpan): Span {
  const details = {
    ...modelOf(raw),
    ...usageOf(raw),
    finishReason: reasonOf(raw),
    firstTokenMs: firstDuration(raw.attributes, ["ai.response.msToFirstChunk"]),
  };
  return newSpan(raw, { kind: "reasoning", dialect: "ai-sdk" }, details);
}

function readTool(raw: RawSpan): Span {
  return newSpan(raw, { kind: "tool", dialect: "ai-sdk" }, readToolCall(aiSdkToolCall(raw), readError(raw)));
}

export function aiSdkToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  return {
    name: textAttribute(attributes, "ai.toolCall.name") ?? raw.name,
    callId: textAttribute(attributes, "ai.toolCall.id"),
    argumentText: firstContent(attributes, ["ai.toolCall.args", "ai.toolCall.input"]),
    resultText: firstContent(attributes, ["ai.toolCall.result", "ai.toolCall.output"]),
  };
}

function modelOf({ attributes }: RawSpan): Pick<SpanDetails, "provider" | "model" | "agent"> {
  return {
    // `openai.chat`: the provider, and which of its interfaces.
    provider: firstText(attributes, ["ai.model.provider", "gen_ai.system"])?.split(".")[0] ?? null,
    model: firstText(attributes, ["gen_ai.response.model", "ai.response.model", "gen_ai.request.model", "ai.model.id"]),
    agent: textAttribute(attributes, "ai.telemetry.functionId"),
  };
}

function reasonOf({ attributes }: RawSpan): string | null {
  return finishReason(attributes.get("ai.response.finishReason") ?? attributes.get("gen_ai.response.finish_reasons"));
}

// Version 5 passed on what the provider counts, and Anthropic and Bedrock count cached tokens beside the input. From
// version 6 on the whole is reported, and its details with it.
function usageOf({ attributes }: RawSpan): TokenUsage {
  const isDetailed = attributes.has("ai.usage.inputTokenDetails.noCacheTokens");
  const provider = textAttribute(attributes, "ai.model.provider") ?? "";
  return wholeUsage(
    {
      inputTokens: firstCount(attributes, [
        "gen_ai.usage.input_tokens",
        "ai.usage.inputTokens",
        "ai.usage.promptTokens",
      ]),
      outputTokens: firstCount(attributes, [
        "gen_ai.usage.output_tokens",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
      ]),
      cachedInputTokens: firstCount(attributes, [
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
      ]),
      cacheWriteInputTokens: firstCount(attributes, ["ai.usage.inputTokenDetails.cacheWriteTokens"]),
      reasoningTokens: firstCount(attributes, [
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
      ]),
    },
    { cache: !isDetailed && /^(?:anthropic|amazon-bedrock|bedrock|vertex\.anthropic)/.test(provider) },
  );
}
