import { finishReason, finishReasonIn } from "./finish-reason.ts";
import { newSpan, otherSpan, turnWithResponse, type SpanDetails } from "./new-span.ts";
import { firstContent, firstDuration, firstText, textAttribute, type RawSpan } from "./raw-span.ts";
import { readError } from "./read-error.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Dialect, Span, SpanKind } from "./span.ts";
import { genAiUsage } from "./token-usage.ts";
import { readToolCall, type RawToolCall } from "./tool-call.ts";
import { lastUserWords, newUserWords, sentimentOf } from "./user-words.ts";

// `gen_ai.operation.name` of OpenTelemetry's conventions, up to semantic-conventions-genai 0.1.0.
const KIND_OF_OPERATION: Readonly<Record<string, SpanKind>> = {
  chat: "reasoning",
  text_completion: "reasoning",
  generate_content: "reasoning",
  invoke_agent: "turn",
  invoke_workflow: "turn",
  execute_tool: "tool",
  retrieval: "memory_read",
  search_memory: "memory_read",
  create_memory: "memory_write",
  update_memory: "memory_write",
  upsert_memory: "memory_write",
  delete_memory: "memory_write",
  create_memory_store: "memory_write",
  delete_memory_store: "memory_write",
};
// Those of its operations that group others or are of no interest, under the name that they are kept by.
const LABELS: ReadonlySet<string> = new Set(["agent_step", "create_agent", "embeddings", "plan"]);

/** Undefined: an operation that the conventions do not know. */
export function kindOfOperation(operation: string | null): SpanKind | undefined {
  return operation !== null && Object.hasOwn(KIND_OF_OPERATION, operation) ? KIND_OF_OPERATION[operation] : undefined;
}

/** A span of OpenTelemetry's GenAI conventions, or of a dialect that mostly keeps to them, as what it is told to be. */
export function genAiSpans(
  raw: RawSpan,
  what: { readonly kind: SpanKind; readonly dialect: Dialect },
  sentiment: SentimentScorer,
): readonly Span[] {
  switch (what.kind) {
    case "turn":
      return genAiTurn(raw, what.dialect, sentiment);
    case "reasoning":
      return [genAiReasoning(raw, what.dialect, sentiment)];
    case "tool":
      return [genAiTool(raw, what.dialect)];
    case "memory_read":
    case "memory_write":
      return [newSpan(raw, what, { agent: agentOf(raw) })];
    case "response":
    case "other":
      return [otherSpan(raw, what.dialect, genAiLabel(raw))];
  }
}

function genAiLabel({ attributes }: RawSpan): string {
  const operation = textAttribute(attributes, "gen_ai.operation.name");
  return operation !== null && LABELS.has(operation) ? operation : "group";
}

function genAiTurn(raw: RawSpan, dialect: Dialect, sentiment: SentimentScorer): readonly Span[] {
  const turn = newSpan(
    raw,
    { kind: "turn", dialect },
    {
      ...modelOf(raw),
      finishReason: finishReason(raw.attributes.get("gen_ai.response.finish_reasons")),
      userSentiment: sentimentOf(lastUserWords(inputOf(raw)), sentiment),
    },
  );
  // An aborted stream ends without a finish reason, a failed one with an error: neither gave the user a response.
  return turnWithResponse(turn, raw.attributes.has("gen_ai.response.finish_reasons"));
}

/** Without a scorer nothing is made of the user's words. */
export function genAiReasoning(raw: RawSpan, dialect: Dialect, sentiment: SentimentScorer | null): Span {
  return newSpan(
    raw,
    { kind: "reasoning", dialect },
    {
      ...modelOf(raw),
      ...genAiUsage(raw.attributes, { cache: CACHE_APART.test(raw.scopeName) }),
      finishReason: reasonOf(raw),
      firstTokenMs: firstTokenMs(raw),
      userSentiment:
        sentiment === null ? null : sentimentOf(newUserWords(inputOf(raw)) ?? wordsInEvents(raw), sentiment),
    },
  );
}

// Strands passes Bedrock's numbers on, which count what came from a cache beside the input.
const CACHE_APART = /^strands\b/;

export function genAiTool(raw: RawSpan, dialect: Dialect): Span {
  const details = { agent: agentOf(raw), ...readToolCall(genAiToolCall(raw), readError(raw)) };
  return newSpan(raw, { kind: "tool", dialect }, details);
}

export function genAiToolCall(raw: RawSpan): RawToolCall {
  const { attributes } = raw;
  return {
    name: textAttribute(attributes, "gen_ai.tool.name") ?? raw.name.replace(/^(?:execute_tool|running tool:?) /, ""),
    callId: textAttribute(attributes, "gen_ai.tool.call.id"),
    argumentText: firstContent(attributes, ["gen_ai.tool.call.arguments", "tool_arguments"]),
    resultText: firstContent(attributes, ["gen_ai.tool.call.result", "tool_response"]),
  };
}

/** Model, provider and agent as the conventions name them. */
export function modelOf(raw: RawSpan): Pick<SpanDetails, "provider" | "model" | "agent"> {
  return {
    // Some add which of its interfaces it was, as the AI SDK has it.
    provider:
      firstText(raw.attributes, ["gen_ai.provider.name", "gen_ai.system"])?.replace(
        /\.(?:chat|responses|messages)$/,
        "",
      ) ?? null,
    model: firstText(raw.attributes, ["gen_ai.response.model", "gen_ai.request.model"]),
    agent: agentOf(raw),
  };
}

function agentOf({ attributes }: RawSpan): string | null {
  return firstText(attributes, ["gen_ai.agent.name", "agent_name"]);
}

function firstTokenMs({ attributes }: RawSpan): number | null {
  const seconds = firstDuration(attributes, [
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
  ]);
  return seconds === null ? firstDuration(attributes, ["gen_ai.server.time_to_first_token"]) : seconds * 1000;
}

// From 1.37 on messages are attributes of the span, or of one event; before, each was an event of its own.
function inputOf({ attributes, events }: RawSpan): string | null {
  const own = firstContent(attributes, ["gen_ai.input.messages", "pydantic_ai.all_messages"]);
  if (own !== null) return own;
  const details = events.find((event) => event.name === "gen_ai.client.inference.operation.details");
  return details === undefined ? null : firstContent(details.attributes, ["gen_ai.input.messages"]);
}

function wordsInEvents({ events }: RawSpan): string | null {
  const last = events.findLast((event) => /^gen_ai\.\w+\.message$/.test(event.name));
  return last?.name === "gen_ai.user.message" ? textAttribute(last.attributes, "content") : null;
}

function reasonOf({ attributes, events }: RawSpan): string | null {
  const choice = events.find((event) => event.name === "gen_ai.choice")?.attributes.get("finish_reason");
  const stated = attributes.get("gen_ai.response.finish_reasons") ?? choice;
  // Anthropic's own SDK has a name of its own for it.
  const reason = finishReason(stated ?? attributes.get("anthropic.message.stop_reason"));
  return reason ?? finishReasonIn(firstContent(attributes, ["gen_ai.output.messages"]));
}
