import { otherSpan } from "./new-span.ts";
import type { Attributes, RawSpan } from "./raw-span.ts";
import { readAiSdk } from "./read-ai-sdk.ts";
import { readGoogleAdk } from "./read-google-adk.ts";
import { readLangfuse } from "./read-langfuse.ts";
import { readLangSmith } from "./read-langsmith.ts";
import { readMastra } from "./read-mastra.ts";
import { readMcp } from "./read-mcp.ts";
import { readOpenInference } from "./read-openinference.ts";
import { readOpenLlmetry } from "./read-openllmetry.ts";
import { readOtelGenAi } from "./read-otel-genai.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span } from "./span.ts";

/** Reads the spans of one dialect: one span, or a turn and its response. Null: not of this dialect. */
export type DialectReader = (raw: RawSpan, sentiment: SentimentScorer) => readonly Span[] | null;

/**
 * The first that knows a span reads it. A span may carry two dialects, since exporters add theirs to what they pass on:
 * the one that the framework itself wrote comes before those that were added, and OpenTelemetry's, which nearly all of
 * them write beside their own, comes last.
 */
const DIALECTS: readonly DialectReader[] = [
  readAiSdk,
  readMastra,
  readLangfuse,
  readLangSmith,
  readOpenInference,
  readMcp,
  readGoogleAdk,
  readOpenLlmetry,
  readOtelGenAi,
];

/**
 * The span in the common vocabulary. What no dialect knows is kept as a bare link, with the dialect null; but nothing of
 * the gateway's own, which stands above every turn and says no more than its turn record.
 */
export function readSpan(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] {
  if (raw.scopeName === "perch.gateway") return [];
  for (const read of DIALECTS) {
    const spans = read(raw, sentiment);
    if (spans !== null) return spans;
  }
  return [otherSpan(raw, null, technologyOf(raw.attributes))];
}

const TECHNOLOGIES = [
  ["http", ["http.request.method", "http.method"]],
  ["database", ["db.system.name", "db.system"]],
  ["messaging", ["messaging.system"]],
  ["rpc", ["rpc.system", "rpc.system.name"]],
] as const;

function technologyOf(attributes: Attributes): string {
  return TECHNOLOGIES.find(([, keys]) => keys.some((key) => attributes.has(key)))?.[0] ?? "span";
}
