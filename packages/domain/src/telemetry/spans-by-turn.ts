import type { Digest } from "../release/digest.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import type { SessionEvidence } from "./session.ts";
import type { SessionKey } from "./session-key.ts";
import type { Span } from "./span.ts";

/**
 * The spans of a session by the trace id of their turn. A trace that no turn record knows, which the agent began by itself,
 * belongs to the turn in which it began, by the clocks of agent and gateway; what began before all turns belongs to the first.
 */
export function spansByTurn({
  turns,
  spans,
}: Pick<SessionEvidence, "turns" | "spans">): ReadonlyMap<string, readonly Span[]> {
  const recorded = new Set(turns.map(({ traceId }) => traceId));
  const began = new Map<string, number>();
  for (const { traceId, startedAt } of spans) {
    if (!recorded.has(traceId)) began.set(traceId, Math.min(startedAt, began.get(traceId) ?? startedAt));
  }
  if (began.size === 0) return Map.groupBy(spans, ({ traceId }) => traceId);
  const ordered = turns.filter(({ kind }) => kind === "turn").toSorted(byStart);
  const homes = new Map(
    [...began].map(([traceId, at]) => {
      const turn = ordered.findLast(({ startedAt }) => startedAt <= at) ?? ordered[0];
      return [traceId, turn?.traceId ?? traceId];
    }),
  );
  return Map.groupBy(spans, ({ traceId }) => homes.get(traceId) ?? traceId);
}

export type SessionNaming = {
  /** Of all its turn records. */
  readonly releases: ReadonlySet<Digest>;
  /** Whether another agent has a session of this id, too. */
  readonly isShared: boolean;
};

/**
 * What belongs to a session of a trace that no turn record knows: spans that name the session and one of its releases, or no
 * release as long as one agent only has such a session; and those beside them that name no session. What a shadow did never does.
 */
export function spansNaming(
  trace: readonly Span[],
  { session }: Pick<SessionKey, "session">,
  { releases, isShared }: SessionNaming,
): readonly Span[] {
  const names = ({ attribution }: Span): boolean =>
    attribution.session === session &&
    attribution.arm !== "shadow" &&
    (attribution.release === null ? !isShared : releases.has(attribution.release));
  if (!trace.some(names)) return [];
  return trace.filter(
    (span) => names(span) || (span.attribution.session === null && span.attribution.arm !== "shadow"),
  );
}

function byStart(a: TurnRecord, b: TurnRecord): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1);
}
