import { finalResponses } from "./final-responses.ts";
import { mergeCalls } from "./merge-calls.ts";
import { placeSpans, type PlacedSpan, type SpanRole } from "./place-spans.ts";
import type { Span } from "./span.ts";
import { byStart, traceTree, uniqueSpans } from "./trace-tree.ts";

export type ResolvedSpan = {
  /** An action or a turn, with what their duplicates know and they do not. */
  readonly span: Span;
  readonly role: SpanRole;
  readonly depth: number;
  /** The id of the span that counts in place of a duplicate. */
  readonly duplicateOf: string | null;
};

export type ResolvedTrace = {
  /** Every span but responses, once, parents before children, siblings by time. */
  readonly spans: readonly ResolvedSpan[];
  /** The outermost of each turn: one, unless an agent began anew inside one request. */
  readonly turns: readonly Span[];
  /** What counts, by time: each model call, tool call and use of memory once. */
  readonly actions: readonly Span[];
  /** The final answer of each turn that was given one; without any turn, that of the last model call. */
  readonly responses: readonly Span[];
  /** Of what the user said to begin with. */
  readonly userSentiment: number | null;
};

/**
 * Tells which spans of a trace count. Instrumentations nest: a model call may be told of by the framework, by the
 * provider's SDK inside and by a gateway in between; the outermost counts, completed from within. Order, repeats,
 * missing parents and cycles among the spans make no difference.
 */
export function resolveTrace(spans: readonly Span[]): ResolvedTrace {
  const unique = uniqueSpans(spans);
  const entries = placeSpans(traceTree(unique.filter((span) => span.kind !== "response")));
  // From the innermost outwards, so that what is deep inside is counted once on its way.
  for (const entry of entries.toReversed()) {
    const inner = entry.inner.map(({ span }) => span);
    if (inner.length > 0) entry.span = mergeCalls(entry.span, inner);
  }
  const turns = entries.filter((entry) => entry.role === "turn").toSorted(byStartOfSpan);
  const actions = entries.filter((entry) => entry.role === "action").toSorted(byStartOfSpan);
  const said = new Map(unique.flatMap((span) => (span.kind === "response" ? [[span.spanId, span]] : [])));
  return {
    spans: entries.map(({ span, role, place: { depth }, duplicateOf }) => ({
      span,
      role,
      depth,
      duplicateOf: duplicateOf?.span.spanId ?? null,
    })),
    turns: turns.map(({ span }) => span),
    actions: actions.map(({ span }) => span),
    responses: finalResponses(turns, actions, said),
    userSentiment: sentimentOf(turns, actions),
  };
}

/** The outermost turn holds the user's own words, else the first model call; the others what one agent wrote another. */
function sentimentOf(turns: readonly PlacedSpan[], actions: readonly PlacedSpan[]): number | null {
  const own = turns[0]?.span.userSentiment ?? null;
  return (
    own ?? actions.find(({ span, place }) => span.userSentiment !== null && !place.isInTool)?.span.userSentiment ?? null
  );
}

function byStartOfSpan(a: PlacedSpan, b: PlacedSpan): number {
  return byStart(a.span, b.span);
}
