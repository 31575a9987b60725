import { formatSessionKey, type PairPlace, type PairSource, type ShadowTurn, type TurnRecord } from "@perch/domain";

type Memory = {
  readonly shadowTurns: readonly ShadowTurn[];
  /** By agent and session, as `formatSessionKey` writes them. */
  readonly turnsOf: ReadonlyMap<string, readonly TurnRecord[]>;
};

export function pairSourceOf(memory: Memory): PairSource {
  return {
    async pairs({ rollout, before, limit }) {
      const own = memory.shadowTurns.filter((turn) => turn.rollout === rollout);
      const places = [...Map.groupBy(own, ({ session }) => session)].map(([session, shadow]) => ({
        session,
        shadow,
        at: Math.min(...shadow.map(({ pairedStartedAt }) => pairedStartedAt)),
      }));
      const sorted = places.toSorted((a, b) => (isBefore(a, b) ? 1 : -1));
      const page = sorted.filter((place) => before === null || isBefore(place, before)).slice(0, limit);
      return page.map(({ session, shadow }) => {
        const agent = shadow[0]?.agent;
        const baseline = agent === undefined ? [] : (memory.turnsOf.get(formatSessionKey({ agent, session })) ?? []);
        return { session, shadow, baseline };
      });
    },
    async spent(rollout) {
      const sent = memory.shadowTurns.filter(
        (turn) => turn.rollout === rollout && (turn.outcome === "answered" || turn.outcome === "failed"),
      );
      return {
        sessions: new Set(sent.map(({ session }) => session)).size,
        turns: sent.length,
        requestBytes: sent.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
      };
    },
  };
}

function isBefore(a: PairPlace, b: PairPlace): boolean {
  return a.at < b.at || (a.at === b.at && a.session < b.session);
}
