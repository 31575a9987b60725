import type { Span } from "./span.ts";

export type TraceTree = {
  /** Earliest first, as is every list of children. */
  readonly roots: readonly Span[];
  readonly childrenOf: (spanId: string) => readonly Span[];
};

const NOBODY: readonly Span[] = [];

/**
 * The spans of one trace as a tree, the same whatever order they came in. A span whose parent is not
 * among them is a root: it is somebody else's child, or its parent is late. Of a cycle the earliest span is the root.
 */
export function traceTree(spans: readonly Span[]): TraceTree {
  const ordered = spans.toSorted(byStart);
  const known = new Map(ordered.map((span) => [span.spanId, span]));
  const cut = cycleBreakers(ordered, known);
  const roots: Span[] = [];
  const children = new Map<string, Span[]>();
  for (const span of ordered) {
    const parent = span.parentSpanId;
    if (parent === null || !known.has(parent) || cut.has(span.spanId)) roots.push(span);
    else addTo(children, parent, span);
  }
  return { roots, childrenOf: (spanId) => children.get(spanId) ?? NOBODY };
}

/** What began at the same moment keeps a fixed order. */
export function byStart(a: Span, b: Span): number {
  return a.startedAt - b.startedAt || (a.spanId < b.spanId ? -1 : 1);
}

/** Each span once, however often it was sent. Of two different ones with one id the longer: it was sent later. */
export function uniqueSpans(spans: readonly Span[]): readonly Span[] {
  const unique = new Map<string, Span>();
  for (const span of spans) {
    const known = unique.get(span.spanId);
    if (known === undefined || isLater(span, known)) unique.set(span.spanId, span);
  }
  return [...unique.values()];
}

function isLater(span: Span, known: Span): boolean {
  if (span.durationMs !== known.durationMs) return span.durationMs > known.durationMs;
  return JSON.stringify(span) > JSON.stringify(known);
}

/** Each span that has to lose its parent so that no span is its own ancestor. */
function cycleBreakers(ordered: readonly Span[], known: ReadonlyMap<string, Span>): ReadonlySet<string> {
  const walkOf = new Map<string, Span>();
  const breakers = new Set<string>();
  for (const start of ordered) {
    let span: Span | undefined = start;
    while (span !== undefined && !walkOf.has(span.spanId)) {
      walkOf.set(span.spanId, start);
      span = span.parentSpanId === null ? undefined : known.get(span.parentSpanId);
    }
    // Walks begin in the order of time, so the first to enter a cycle need not be in it, and its earliest span is sought.
    if (span !== undefined && walkOf.get(span.spanId) === start) breakers.add(earliestOfCycle(span, known).spanId);
  }
  return breakers;
}

function earliestOfCycle(member: Span, known: ReadonlyMap<string, Span>): Span {
  let earliest = member;
  for (let span = parentIn(member, known); span !== member; span = parentIn(span, known)) {
    if (byStart(span, earliest) < 0) earliest = span;
  }
  return earliest;
}

/** In a cycle everybody has a parent. */
function parentIn(span: Span, known: ReadonlyMap<string, Span>): Span {
  return known.get(span.parentSpanId ?? "") ?? span;
}

function addTo(children: Map<string, Span[]>, parent: string, span: Span): void {
  const siblings = children.get(parent);
  if (siblings === undefined) children.set(parent, [span]);
  else siblings.push(span);
}
