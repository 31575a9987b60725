import type { PairSource } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { mirrorSpent } from "./mirror-spent.ts";
import { pairPage } from "./pair-page.ts";
import { shadowTurnsOfSessions } from "./shadow-turns-of-sessions.ts";
import { turnsOfSessions } from "./turns-of-sessions.ts";

export function createClickHousePairSource(client: ClickHouseClient): PairSource {
  return {
    async pairs({ rollout, before, limit }) {
      const sessions = await pairPage(client, { rollout, before, limit });
      if (sessions.length === 0) return [];
      const [turns, shadowTurns] = await Promise.all([
        turnsOfSessions(client, sessions),
        shadowTurnsOfSessions(client, { rollout, sessions }),
      ]);
      return sessions.map((session) => {
        const shadow = shadowTurns.filter((turn) => turn.session === session);
        // Two agents may each have a session of this name.
        const agent = shadow[0]?.agent;
        return { session, shadow, baseline: turns.filter((turn) => turn.session === session && turn.agent === agent) };
      });
    },
    spent: (rollout) => mirrorSpent(client, rollout),
  };
}
