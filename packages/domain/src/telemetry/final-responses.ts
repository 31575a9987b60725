import { responseIdOf } from "./new-span.ts";
import type { PlacedSpan } from "./place-spans.ts";
import type { Span } from "./span.ts";
import { byStart } from "./trace-tree.ts";

/** The final answer of each turn that was given one; without any turn, that of the last model call. */
export function finalResponses(
  turns: readonly PlacedSpan[],
  actions: readonly PlacedSpan[],
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
function answerOf(turn: PlacedSpan | null, actions: readonly PlacedSpan[]): Span | null {
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
