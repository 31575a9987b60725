import { readAiSdkSpan } from "./ai-sdk.ts";
import type { RawSpan } from "./raw-span.ts";
import type { SentimentScorer } from "./sentiment-scorer.ts";
import type { Span } from "./span.ts";

/** Reads the spans of one family of frameworks. Null: not my dialect. An empty list: mine, and nothing worth keeping. */
export type DialectReader = (raw: RawSpan, sentiment: SentimentScorer) => readonly Span[] | null;

const DIALECTS: readonly DialectReader[] = [readAiSdkSpan];

/** The span in the common vocabulary, read by the first dialect that knows it; null when none does. */
export function readSpan(raw: RawSpan, sentiment: SentimentScorer): readonly Span[] | null {
  for (const read of DIALECTS) {
    const spans = read(raw, sentiment);
    if (spans !== null) return spans;
  }
  return null;
}
