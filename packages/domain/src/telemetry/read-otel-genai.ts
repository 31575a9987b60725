import { genAiSpans, kindOfOperation } from "./gen-ai-spans.ts";
import { textAttribute, type RawSpan } from "./raw-span.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span, SpanKind } from "./span.ts";

/**
 * OpenTelemetry's own GenAI conventions: semantic-conventions-genai 0.1.0, and those up to 1.36, which had other names
 * for tokens, kept messages in events, and did not yet demand an operation.
 */
export function readOtelGenAi(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  const kind = kindOf(raw);
  return kind === null ? null : genAiSpans(raw, { kind, dialect: "otel-genai" }, sentiment);
}

function kindOf({ attributes }: RawSpan): SpanKind | null {
  const operation = textAttribute(attributes, "gen_ai.operation.name");
  if (operation !== null) return kindOfOperation(operation) ?? "other";
  if (attributes.has("gen_ai.tool.name")) return "tool";
  const isOfProvider = attributes.has("gen_ai.system") || attributes.has("gen_ai.provider.name");
  if (!isOfProvider) return null;
  return attributes.has("gen_ai.request.model") ? "reasoning" : "other";
}
