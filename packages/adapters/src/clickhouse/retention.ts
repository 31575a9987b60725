import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows } from "./read-rows.ts";

/** How long rows are kept after they came in, in milliseconds; null: for ever. */
export type Retention = {
  readonly spansMs: number | null;
  /** Turns, sessions, scores, moves and what was mirrored. */
  readonly sessionsMs: number | null;
  /** What gates and pages are answered from. No shorter than sessions, which are found by them. */
  readonly summariesMs: number | null;
};

export const KEPT: readonly { readonly table: string; readonly since: string; readonly as: keyof Retention }[] = [
  { table: "spans", since: "received_at", as: "spansMs" },
  { table: "span_contents", since: "received_at", as: "spansMs" },
  { table: "session_traces", since: "received_at", as: "spansMs" },
  { table: "turns", since: "received_at", as: "sessionsMs" },
  { table: "turn_times", since: "received_at", as: "sessionsMs" },
  { table: "moves", since: "received_at", as: "sessionsMs" },
  { table: "shadow_turns", since: "received_at", as: "sessionsMs" },
  { table: "scores", since: "received_at", as: "sessionsMs" },
  { table: "sessions", since: "received_at", as: "sessionsMs" },
  { table: "session_states", since: "kept_at", as: "summariesMs" },
  { table: "assignments", since: "kept_at", as: "summariesMs" },
  { table: "rollout_sessions", since: "kept_at", as: "summariesMs" },
  { table: "outcomes", since: "kept_at", as: "summariesMs" },
];

const tableRow = z.object({ name: z.string(), engine_full: z.string() });

/**
 * Has the database drop what is older, in its own time. A table whose limit stays what it was is not touched; one whose limit
 * changed is gone through once, in the background.
 */
export async function retain(client: ClickHouseClient, retention: Retention): Promise<void> {
  const query = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()";
  const engines = new Map((await readRows(client, { query }, tableRow)).map((row) => [row.name, row.engine_full]));
  for (const { table, since, as } of KEPT) {
    const engine = engines.get(table) ?? "";
    const milliseconds = retention[as];
    if (milliseconds === null) {
      if (engine.includes(" TTL ")) await client.command({ query: `ALTER TABLE ${table} REMOVE TTL` });
      continue;
    }
    // As the database itself writes it.
    const limit = `TTL ${since} + toIntervalSecond(${Math.ceil(milliseconds / 1000)})`;
    if (!engine.includes(limit)) await client.command({ query: `ALTER TABLE ${table} MODIFY ${limit}` });
  }
}
