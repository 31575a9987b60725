import { genAiSpans, kindOfOperation } from "./gen-ai-spans.ts";
import { otherSpan, turnWithResponse } from "./new-span.ts";
import { firstContent, textAttribute, type RawSpan } from "./raw-span.ts";
import { momentMs } from "./moment.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span, SpanKind } from "./span.ts";
import { lastUserWords, sentimentOf } from "./user-words.ts";

const KIND_OF_TYPE: Readonly<Record<string, SpanKind>> = {
  agent_run: "turn",
  workflow_run: "turn",
  llm_generation: "reasoning",
  model_generation: "reasoning",
  model_inference: "reasoning",
  tool_call: "tool",
  mcp_tool_call: "tool",
  provider_tool_call: "tool",
};
const LABELS: ReadonlySet<string> = new Set([
  "model_generation",
  "model_step",
  "model_chunk",
  "workflow_step",
  "processor_run",
  "generic",
]);

/**
 * What Mastra's exporter sends: OpenTelemetry's conventions with `mastra.span.type`. At first `model_generation` was the
 * model call, operation `chat`, with all its tokens. Now it is the loop around the steps of a turn, of an operation of its
 * own, and each step has its call, `model_inference`.
 */
export function readMastra(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const type = textAttribute(raw.attributes, "mastra.span.type")?.toLowerCase();
  if (type === undefined) return null;
  const kind = kindOf(raw, type);
  if (kind === undefined) return [otherSpan(raw, "mastra", LABELS.has(type) ? type : "group")];
  const [span] = genAiSpans(raw, { kind, dialect: "mastra" }, sentiment);
  if (span === undefined) return [];
  if (kind === "turn") return readTurn(raw, type, { span, sentiment });
  // The agent's run holds the user's words already.
  return [{ ...span, firstTokenMs: firstTokenMs(raw) ?? span.firstTokenMs, userSentiment: null }];
}

function kindOf({ attributes }: RawSpan, type: string): SpanKind | undefined {
  const kind = Object.hasOwn(KIND_OF_TYPE, type) ? KIND_OF_TYPE[type] : undefined;
  const operation = textAttribute(attributes, "gen_ai.operation.name");
  return kind === "reasoning" && operation !== null && kindOfOperation(operation) !== "reasoning" ? undefined : kind;
}

function readTurn(
  raw: RawSpan,
  type: string,
  { span, sentiment }: { readonly span: Span; readonly sentiment: SentimentScorer },
): readonly Span[] {
  const input = firstContent(raw.attributes, [`mastra.${type}.input`]);
  const words = input !== null && !/^\s*[[{"]/.test(input) ? input : lastUserWords(input);
  const isAnswered = type === "agent_run" && raw.attributes.has(`mastra.${type}.output`);
  return turnWithResponse({ ...span, userSentiment: sentimentOf(words, sentiment) }, isAnswered);
}

function firstTokenMs(raw: RawSpan): number | null {
  return momentMs(textAttribute(raw.attributes, "mastra.completion_start_time"), raw.startedAt);
}
