import { isSameTool } from "./same-tool.ts";
import type { Span } from "./span.ts";
import type { TraceTree } from "./trace-tree.ts";

/**
 * What a span is in its trace. `turn`: the outermost of a turn. `subAgent`: an agent at work for another. `action`: a model
 * call, a tool call or a use of memory. `duplicate`: told of by an enclosing span already. `group`: a link.
 */
export type SpanRole = "turn" | "subAgent" | "action" | "duplicate" | "group";

/** What encloses a span. */
export type Place = {
  readonly depth: number;
  readonly turn: PlacedSpan | null;
  /** The nearest call, with nothing but groups in between. */
  readonly call: PlacedSpan | null;
  readonly isInCall: boolean;
  readonly isInTool: boolean;
};
/** A span where it stands; mutable until its trace is resolved. */
export type PlacedSpan = {
  span: Span;
  readonly role: SpanRole;
  readonly duplicateOf: PlacedSpan | null;
  /** Its nearest duplicates, which may have their own. */
  readonly inner: PlacedSpan[];
  readonly place: Place;
};

/** Depth first, without recursion: a trace may be as deep as it has spans. */
export function placeSpans(tree: TraceTree): readonly PlacedSpan[] {
  const outside: Place = { depth: 0, turn: null, call: null, isInCall: false, isInTool: false };
  const entries: PlacedSpan[] = [];
  const waiting = tree.roots.toReversed().map((span) => ({ span, place: outside }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const entry = resolveSpan(next.span, next.place);
    entries.push(entry);
    const inside = placeInside(entry, next.place);
    for (const child of tree.childrenOf(next.span.spanId).toReversed()) waiting.push({ span: child, place: inside });
  }
  return entries;
}

function resolveSpan(span: Span, place: Place): PlacedSpan {
  const entry: PlacedSpan = { span, role: "group", duplicateOf: null, inner: [], place };
  if (span.kind === "other") return entry;
  if (span.kind === "turn") return resolveAgent(entry, place.turn);
  const outer = place.call;
  if (outer === null || !isSameCall(outer.span, span)) return { ...entry, role: "action" };
  return addDuplicate(entry, outer);
}

function addDuplicate(entry: PlacedSpan, outer: PlacedSpan): PlacedSpan {
  const duplicate: PlacedSpan = { ...entry, role: "duplicate", duplicateOf: outer.duplicateOf ?? outer };
  outer.inner.push(duplicate);
  return duplicate;
}

/**
 * What is inside a call is no turn of its own. A chain or a workflow without a name takes the name of the first agent
 * inside, which then is the turn's own.
 */
function resolveAgent(entry: PlacedSpan, turn: PlacedSpan | null): PlacedSpan {
  const { span, place } = entry;
  if (turn === null && !place.isInCall) return { ...entry, role: "turn" };
  if (span.agent === null) return entry;
  const isOwn = turn !== null && !place.isInTool && (turn.span.agent ?? span.agent) === span.agent;
  if (!isOwn) return { ...entry, role: "subAgent" };
  turn.span = { ...turn.span, agent: span.agent };
  return addDuplicate(entry, turn);
}

function isSameCall(outer: Span, inner: Span): boolean {
  if (outer.kind !== inner.kind) return false;
  return outer.kind !== "tool" || isSameTool(outer, inner);
}

function placeInside(entry: PlacedSpan, place: Place): Place {
  const { span, role } = entry;
  const depth = place.depth + 1;
  if (role === "action") {
    return { ...place, depth, call: entry, isInCall: true, isInTool: place.isInTool || span.kind === "tool" };
  }
  if (role === "duplicate") return { ...place, depth, call: span.kind === "turn" ? place.call : entry };
  if (role === "turn") return { depth, turn: entry, call: null, isInCall: false, isInTool: false };
  // An agent inside a call is at work for it: what it asks the model is its own.
  if (role === "subAgent") return { ...place, depth, call: null };
  return { ...place, depth };
}
