import type { Span, TurnRecord, WriteCallSource } from "@perch/domain";

/** Turns by agent and session, spans by trace. */
type Kept = {
  readonly turnsOf: ReadonlyMap<string, readonly TurnRecord[]>;
  readonly spansOf: ReadonlyMap<string, readonly Span[]>;
};

export function writeCallSourceOf({ turnsOf, spansOf }: Kept): WriteCallSource {
  return {
    async sessionsCalling({ rollout, canary, tools, after, limit }) {
      const called = (turn: TurnRecord): boolean =>
        turn.kind === "turn" &&
        turn.rollout === rollout &&
        turn.arm === "canary" &&
        turn.release === canary &&
        [...spansOf]
          .filter(([traceId, spans]) => traceId === turn.traceId || spans.some((span) => isNaming(span, turn)))
          .some(([, spans]) => spans.some(({ kind, tool }) => kind === "tool" && tools.includes(tool?.name ?? "")));
      const keys = [...turnsOf.values()].flatMap((turns) => turns.find(called) ?? []);
      return keys
        .filter(({ session }) => session > (after ?? ""))
        .map(({ agent, session }) => ({ agent, session }))
        .toSorted((a, b) => (a.session < b.session ? -1 : 1))
        .slice(0, limit);
    },
  };
}

function isNaming({ attribution }: Span, { session }: TurnRecord): boolean {
  return attribution.session === session && attribution.arm !== "shadow";
}
