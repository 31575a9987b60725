import { responseIdOf } from "./new-span.ts";
import { mergeCalls } from "./merge-calls.ts";
import { isSameTool } from "./same-tool.ts";
import type { Span } from "./span.ts";
import { byStart, traceTree, uniqueSpans, type TraceTree } from "./trace-tree.ts";

/**
 * What a span is in its trace. `turn`: the outermost of a turn. `subAgent`: an agent at work for another. `action`: a model
 * call, a tool call or a use of memory. `duplicate`: told of by an enclosing span already. `group`: a link.
 */
export type SpanRole = "turn" | "subAgent" | "action" | "duplicate" | "group";

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

/** What encloses a span. */
type Place = {
  readonly depth: number;
  readonly turn: Entry | null;
  /** The nearest call, with nothing but groups in between. */
  readonly call: Entry | null;
  readonly isInCall: boolean;
  readonly isInTool: boolean;
};
type Entry = {
  span: Span;
  readonly role: SpanRole;
  readonly duplicateOf: Entry | null;
  /** Its nearest duplicates, which may have their own. */
  readonly inner: Entry[];
  readonly place: Place;
};

/**
 * Tells which spans of a trace count. Instrumentations nest: a model call may be told of by the framework, by the
 * provider's SDK inside and by a gateway in between; the outermost counts, completed from within. Order, repeats,
 * missing parents and cycles among the spans make no difference.
 */
export function resolveTrace(spans: readonly Span[]): ResolvedTrace {
  const unique = uniqueSpans(spans);
  const entries = place(traceTree(unique.filter((span) => span.kind !== "response")));
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
    responses: responsesOf(turns, actions, said),
    userSentiment: sentimentOf(turns, actions),
  };
}

/** Depth first, without recursion: a trace may be as deep as it has spans. */
function place(tree: TraceTree): readonly Entry[] {
  const outside: Place = { depth: 0, turn: null, call: null, isInCall: false, isInTool: false };
  const entries: Entry[] = [];
  const waiting = tree.roots.toReversed().map((span) => ({ span, place: outside }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const entry = resolveSpan(next.span, next.place);
    entries.push(entry);
    const inside = placeInside(entry, next.place);
    for (const child of tree.childrenOf(next.span.spanId).toReversed()) waiting.push({ span: child, place: inside });
  }
  return entries;
}

function resolveSpan(span: Span, place: Place): Entry {
  const entry: Entry = { span, role: "group", duplicateOf: null, inner: [], place };
  if (span.kind === "other") return entry;
  if (span.kind === "turn") return resolveAgent(entry, place.turn);
  const outer = place.call;
  if (outer === null || !isSameCall(outer.span, span)) return { ...entry, role: "action" };
  return addDuplicate(entry, outer);
}

function addDuplicate(entry: Entry, outer: Entry): Entry {
  const duplicate: Entry = { ...entry, role: "duplicate", duplicateOf: outer.duplicateOf ?? outer };
  outer.inner.push(duplicate);
  return duplicate;
}

/**
 * What is inside a call is no turn of its own. A chain or a workflow without a name takes the name of the first agent
 * inside, which then is the turn's own.
 */
function resolveAgent(entry: Entry, turn: Entry | null): Entry {
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

function placeInside(entry: Entry, place: Place): Place {
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

function responsesOf(
  turns: readonly Entry[],
  actions: readonly Entry[],
  said: ReadonlyMap<string, Span>,
): readonly Span[] {
  if (turns.length === 0) return [answerOf(null, actions)].flatMap((answer) => answer ?? []);
  const actionsOf = Map.groupBy(actions, (action) => action.place.turn);
  return turns.flatMap((turn) => {
    const own = said.get(responseIdOf(turn.span.spanId));
    if (own !== undefined) return [own];
    // A dialect whose turns say that they were answered means it when they say nothing.
    if (turn.span.isError || turn.span.dialect === "ai-sdk") return [];
    return answerOf(turn, actionsOf.get(turn) ?? []) ?? [];
  });
}

/** The last thing that the model said, unless it asked for a tool or failed. */
function answerOf(turn: Entry | null, actions: readonly Entry[]): Span | null {
  const calls = actions.filter(({ span, place }) => span.kind === "reasoning" && !place.isInTool);
  const last = calls
    .map(({ span }) => span)
    .reduce<Span | null>((a, b) => (a !== null && endsAfter(a, b) ? a : b), null);
  if (last === null || last.isError || last.finishReason === "tool_calls") return null;
  if (last.finishReason === null && last.outputTokens === 0) return null;
  const asker = turn?.span ?? last;
  return {
    ...last,
    kind: "response",
    spanId: responseIdOf(asker.spanId),
    parentSpanId: asker.spanId,
    startedAt: last.startedAt + last.durationMs,
    durationMs: 0,
    ...NO_USAGE,
  };
}

const NO_USAGE = {
  firstTokenMs: null,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  reasoningTokens: 0,
  userSentiment: null,
};

function endsAfter(a: Span, b: Span): boolean {
  const difference = a.startedAt + a.durationMs - (b.startedAt + b.durationMs);
  return difference === 0 ? byStart(a, b) > 0 : difference > 0;
}

/** The outermost turn holds the user's own words, else the first model call; the others what one agent wrote another. */
function sentimentOf(turns: readonly Entry[], actions: readonly Entry[]): number | null {
  const own = turns[0]?.span.userSentiment ?? null;
  return (
    own ?? actions.find(({ span, place }) => span.userSentiment !== null && !place.isInTool)?.span.userSentiment ?? null
  );
}

function byStartOfSpan(a: Entry, b: Entry): number {
  return byStart(a.span, b.span);
}
