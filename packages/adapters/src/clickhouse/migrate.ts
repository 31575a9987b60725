import { TelemetryError } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { createTables } from "./migration-0001-create-tables.ts";
import { createMoves } from "./migration-0002-moves.ts";
import { sessionsByAgent } from "./migration-0003-sessions-by-agent.ts";
import { dropSessionsById } from "./migration-0004-drop-sessions-by-id.ts";
import { shadowTurns } from "./migration-0005-shadow-turns.ts";
import { describeSpans } from "./migration-0006-describe-spans.ts";
import { measureSessions } from "./migration-0007-measure-sessions.ts";
import { idempotencyKeys } from "./migration-0012-idempotency-keys.ts";
import { readRows } from "./read-rows.ts";

/** One step of the schema. Once merged it is never edited: a change is a new migration. */
export type Migration = { readonly version: number; readonly name: string; readonly statements: readonly string[] };

const MIGRATIONS: readonly Migration[] = [
  createTables,
  createMoves,
  sessionsByAgent,
  dropSessionsById,
  shadowTurns,
  describeSpans,
  measureSessions,
  idempotencyKeys,
];

const versionRow = z.object({ version: z.coerce.number() });

/**
 * Brings the database up to this program's schema. A statement may run twice if the process died in between, so each is
 * repeatable. Throws `TelemetryError` `store_newer` for data that a later Perch wrote.
 */
export async function migrate(client: ClickHouseClient, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await client.command({ query: "CREATE DATABASE IF NOT EXISTS perch" });
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS perch.migrations (version UInt32, name String, applied_at DateTime DEFAULT now())
      ENGINE = MergeTree ORDER BY version`,
  });
  const applied = new Set(
    (await readRows(client, { query: "SELECT version FROM perch.migrations" }, versionRow)).map((row) => row.version),
  );
  refuseNewer(Math.max(0, ...applied));
  for (const { version, name, statements } of migrations) {
    if (applied.has(version)) continue;
    for (const query of statements) await client.command({ query });
    await client.insert({ table: "perch.migrations", values: [{ version, name }], format: "JSONEachRow" });
  }
}

function refuseNewer(found: number): void {
  const known = Math.max(...MIGRATIONS.map((migration) => migration.version));
  if (found <= known) return;
  throw new TelemetryError({
    code: "store_newer",
    message: `the trace store has schema version ${found}, this Perch knows versions up to ${known}`,
    hint: "run the newer Perch that wrote this data directory, or start with another data directory",
  });
}
