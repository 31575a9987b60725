import { finishReasonIn } from "./finish-reason.ts";
import { momentMs } from "./moment.ts";
import { newSpan, otherSpan, type SpanDetails } from "./new-span.ts";
import { firstContent, firstText, textAttribute, type RawSpan } from "./raw-span.ts";
import { errorMessage, readError, type ErrorReading } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { isRecord, readSmallJson } from "./small-json.ts";
import type { Span, TokenUsage } from "./span.ts";
import { wholeUsage } from "./token-usage.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { callIdIn } from "./tool-message.ts";
import { lastUserWords, newUserWords, sentimentOf } from "./user-words.ts";

/** The Langfuse SDKs, `langfuse.observation.*`. Errors are of the level ERROR, whatever the status says. */
export function readLangfuse(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const type = textAttribute(raw.attributes, "langfuse.observation.type")?.toLowerCase();
  switch (type) {
    case undefined:
      return null;
    case "generation":
      return [readGeneration(raw, sentiment)];
    case "tool":
      return [readTool(raw)];
    case "agent":
    case "chain":
      return [readTurn(raw, type, sentiment)];
    case "retriever":
      return [newSpan(raw, { kind: "memory_read", dialect: "langfuse" }, errorOf(raw))];
    case "span":
      // What is not said to be anything; the one that holds the trace's input began it.
      return [
        raw.attributes.has("langfuse.trace.input")
          ? readTurn(raw, type, sentiment)
          : otherSpan(raw, "langfuse", "span"),
      ];
    default:
      return [otherSpan(raw, "langfuse", OTHERS.has(type) ? type : "group")];
  }
}

const OTHERS: ReadonlySet<string> = new Set(["embedding", "evaluator", "guardrail", "event"]);

function readTurn(raw: RawSpan, type: "agent" | "chain" | "span", sentiment: SentimentScorer): Span {
  const input = firstContent(raw.attributes, ["langfuse.observation.input", "langfuse.trace.input"]);
  return newSpan(
    raw,
    { kind: "turn", dialect: "langfuse" },
    {
      ...errorOf(raw),
      agent: type === "agent" ? raw.name : null,
      userSentiment: sentimentOf(lastUserWords(input), sentiment),
    },
  );
}

function readGeneration(raw: RawSpan, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const details: Partial<SpanDetails> = {
    ...errorOf(raw),
    ...usageOf(raw),
    provider: firstText(attributes, ["gen_ai.provider.name", "gen_ai.system"]),
    model: firstText(attributes, ["langfuse.observation.model.name", "gen_ai.response.model", "gen_ai.request.model"]),
    finishReason: finishReasonIn(textAttribute(attributes, "langfuse.observation.output")),
    firstTokenMs: momentMs(textAttribute(attributes, "langfuse.observation.completion_start_time"), raw.startedAt),
    userSentiment: sentimentOf(newUserWords(textAttribute(attributes, "langfuse.observation.input")), sentiment),
  };
  return newSpan(raw, { kind: "reasoning", dialect: "langfuse" }, details);
}

/**
 * Usage is a bag of names, each of which is billed by itself: cached tokens are not among `input`. An application that
 * reports a total which is just input and output has counted them in, though.
 */
function usageOf({ attributes }: RawSpan): TokenUsage {
  const bag = readSmallJson(textAttribute(attributes, "langfuse.observation.usage_details"));
  const counts = Object.entries(isRecord(bag) ? bag : {}).filter(
    (entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && Number(entry[1]) >= 0,
  );
  const sum = (pattern: RegExp) => counts.reduce((total, [key, n]) => (pattern.test(key) ? total + n : total), 0);
  const input = sum(/^(?:input|input_tokens|prompt_tokens|promptTokens)$/);
  const output = sum(/^(?:output|output_tokens|completion_tokens|completionTokens)$/);
  const reasoning = sum(/reasoning/i);
  const isWhole = sum(/^total/i) === input + output;
  return wholeUsage(
    {
      inputTokens: input,
      outputTokens: output,
      cachedInputTokens: sum(/cache(?!.*(?:creation|write))/i),
      cacheWriteInputTokens: sum(/cache.*(?:creation|write)/i),
      reasoningTokens: reasoning,
    },
    { cache: !isWhole, reasoning: !isWhole },
  );
}

function readTool(raw: RawSpan): Span {
  return newSpan(raw, { kind: "tool", dialect: "langfuse" }, readToolCall(langfuseToolCall(raw), errorOf(raw)));
}

export function langfuseToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  const resultText = firstContent(attributes, ["langfuse.observation.output"]);
  return {
    name: raw.name,
    callId: callIdIn(resultText),
    argumentText: firstContent(attributes, ["langfuse.observation.input"]),
    resultText,
  };
}

function errorOf(raw: RawSpan): ErrorReading {
  const error = readError(raw);
  if (error.isError || textAttribute(raw.attributes, "langfuse.observation.level") !== "ERROR") return error;
  const message = textAttribute(raw.attributes, "langfuse.observation.status_message");
  return { isError: true, errorType: error.errorType, errorMessage: message === null ? null : errorMessage(message) };
}
