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
import { summaries } from "./migration-0008-summaries.ts";
import { receivedAt } from "./migration-0009-received-at.ts";
import { describeScores } from "./migration-0010-describe-scores.ts";
import { idempotencyKeys } from "./migration-0012-idempotency-keys.ts";
import { spanContents } from "./migration-0013-span-contents.ts";
import { mergeSpansLess } from "./migration-0014-merge-spans-less.ts";
import { dropArrivingSpans } from "./migration-0015-drop-arriving-spans.ts";
import { sessionTraces } from "./migration-0018-session-traces.ts";
import { readRows } from "./read-rows.ts";

/** One step of the schema. Once merged it is never edited: a change is a new migration. */
export type Migration = { readonly version: number; readonly name: string; readonly statements: readonly string[] };

export const MIGRATIONS: readonly Migration[] = [
  createTables,
  createMoves,
  sessionsByAgent,
  dropSessionsById,
  shadowTurns,
  describeSpans,
  measureSessions,
  summaries,
  receivedAt,
  describeScores,
  idempotencyKeys,
  spanContents,
  mergeSpansLess,
  dropArrivingSpans,
  sessionTraces,
];

const versionRow = z.object({ version: z.coerce.number() });

/**
 * Brings the client's database, which is there, up to this program's schema. A statement may run twice if the process died in between, so each is
 * repeatable. Throws `TelemetryError` `store_newer` for data that a later Perch wrote.
 */
export async function migrate(client: ClickHouseClient, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS migrations (version UInt32, name String, applied_at DateTime DEFAULT now())
      ENGINE = MergeTree ORDER BY version`,
  });
  const applied = new Set(
    (await readRows(client, { query: "SELECT version FROM migrations" }, versionRow)).map((row) => row.version),
  );
  refuseNewer(Math.max(0, ...applied));
  for (const { version, name, statements } of migrations) {
    if (applied.has(version)) continue;
    // The first migrations name a database, which is now the client's to choose.
    for (const query of statements) await client.command({ query: query.replaceAll("perch.", "") });
    await client.insert({ table: "migrations", values: [{ version, name }], format: "JSONEachRow" });
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
