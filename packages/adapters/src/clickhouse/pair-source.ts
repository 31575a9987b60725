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
      const shadowTurns = Map.groupBy(
        await shadowTurnsOfSessions(client, { rollout, sessions }),
        ({ session }) => session,
      );
      // A rollout has one agent, and another agent may have a session of the same name.
      const keys = [...shadowTurns.values()].flatMap(([first]) => first ?? []);
      const turns = Map.groupBy(await turnsOfSessions(client, keys), ({ session }) => session);
      return sessions.map((session) => ({
        session,
        shadow: shadowTurns.get(session) ?? [],
        baseline: turns.get(session) ?? [],
      }));
    },
    spent: (rollout) => mirrorSpent(client, rollout),
  };
}
