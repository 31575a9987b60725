import { finishReason } from "./finish-reason.ts";
import { genAiReasoning, kindOfOperation } from "./gen-ai-spans.ts";
import { firstEventMs } from "./moment.ts";
import { newSpan, otherSpan } from "./new-span.ts";
import { firstContent, textAttribute, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import { isRecord, readSmallJson } from "./small-json.ts";
import type { Span, SpanKind } from "./span.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { lastUserWords, newIndexedWords, sentimentOf, type IndexedMessages } from "./user-words.ts";

const KIND_OF_ENTITY: Readonly<Record<string, SpanKind>> = { workflow: "turn", agent: "turn", tool: "tool" };
const LABELS: ReadonlySet<string> = new Set(["task", "session"]);

/**
 * Traceloop's OpenLLMetry: `traceloop.span.kind` on what an application named, `llm.request.type` and numbered messages
 * (`gen_ai.prompt.0.content`) on model calls. Its newer versions call operations and tokens as OpenTelemetry does.
 */
export function readOpenLlmetry(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const entity = textAttribute(raw.attributes, "traceloop.span.kind");
  const kind = entity === null ? kindWithoutEntity(raw) : kindOfEntity(entity);
  if (kind === null) return null;
  if (kind === "turn") return [readTurn(raw, entity, sentiment)];
  if (kind === "reasoning") return [readReasoning(raw, sentiment)];
  if (kind === "tool") return [readTool(raw)];
  return [otherSpan(raw, "openllmetry", entity !== null && LABELS.has(entity) ? entity : "group")];
}

function kindOfEntity(entity: string): SpanKind {
  return (Object.hasOwn(KIND_OF_ENTITY, entity) ? KIND_OF_ENTITY[entity] : undefined) ?? "other";
}

function kindWithoutEntity({ attributes, scopeName }: RawSpan): SpanKind | null {
  const request = textAttribute(attributes, "llm.request.type");
  if (request === "chat" || request === "completion") return "reasoning";
  if (request !== null) return "other";
  if (attributes.has("gen_ai.prompt.0.role") || attributes.has("gen_ai.completion.0.role")) return "reasoning";
  if (!scopeName.startsWith("@traceloop/") && !attributes.has("traceloop.entity.input")) return null;
  const kind = kindOfOperation(textAttribute(attributes, "gen_ai.operation.name"));
  return kind === "reasoning" || kind === "tool" || kind === "turn" ? kind : "other";
}

function readTurn(raw: RawSpan, entity: string | null, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const named = textAttribute(attributes, "gen_ai.agent.name");
  return newSpan(
    raw,
    { kind: "turn", dialect: "openllmetry" },
    {
      agent: named ?? (entity === "agent" ? textAttribute(attributes, "traceloop.entity.name") : null),
      userSentiment: sentimentOf(lastUserWords(firstContent(attributes, ["traceloop.entity.input"])), sentiment),
    },
  );
}

function readReasoning(raw: RawSpan, sentiment: SentimentScorer): Span {
  const { attributes } = raw;
  const span = genAiReasoning(raw, "openllmetry", sentiment);
  const words = newIndexedWords(attributes, MESSAGES);
  const reason =
    attributes.get("gen_ai.completion.0.finish_reason") ??
    attributes.get("llm.response.finish_reason") ??
    attributes.get("llm.response.stop_reason");
  const calls = attributes.has("gen_ai.completion.0.tool_calls.0.name") ? "tool_calls" : null;
  return {
    ...span,
    // Each chunk of a stream is an event.
    firstTokenMs: span.firstTokenMs ?? firstEventMs(raw, "llm.content.completion.chunk"),
    finishReason: span.finishReason ?? finishReason(reason) ?? calls,
    userSentiment: span.userSentiment ?? sentimentOf(words, sentiment),
  };
}

/** Input and output are those of the function that was wrapped; of an MCP call, its parameters and its result. */
function readTool(raw: RawSpan): Span {
  return newSpan(raw, { kind: "tool", dialect: "openllmetry" }, readToolCall(openLlmetryToolCall(raw), readError(raw)));
}

export function openLlmetryToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  const input = firstContent(attributes, ["traceloop.entity.input", "gen_ai.tool.call.arguments"]);
  return {
    name:
      textAttribute(attributes, "gen_ai.tool.name") ??
      textAttribute(attributes, "traceloop.entity.name") ??
      raw.name.replace(/\.tool$/, ""),
    callId: textAttribute(attributes, "gen_ai.tool.call.id"),
    argumentText: ownArguments(input),
    resultText: firstContent(attributes, ["traceloop.entity.output", "gen_ai.tool.call.result"]),
  };
}

function ownArguments(input: string | null): string | null {
  const value = readSmallJson(input);
  if (!isRecord(value)) return input;
  if (isRecord(value["arguments"])) return JSON.stringify(value["arguments"]);
  const { args, kwargs, inputs } = value;
  if (isRecord(kwargs) && Object.keys(kwargs).length > 0) return JSON.stringify(kwargs);
  if (Array.isArray(args) && args.length === 1 && isRecord(args[0])) return JSON.stringify(args[0]);
  return isRecord(inputs) ? JSON.stringify(inputs) : input;
}

const MESSAGES: IndexedMessages = {
  role: (index) => `gen_ai.prompt.${index}.role`,
  words(attributes, index) {
    const content = textAttribute(attributes, `gen_ai.prompt.${index}.content`);
    if (content?.startsWith("[") !== true) return content;
    // Content in parts is kept as JSON.
    return lastUserWords(`[{"role":"user","content":${content}}]`);
  },
};
