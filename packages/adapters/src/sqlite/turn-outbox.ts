import type { DatabaseSync } from "node:sqlite";
import type { GatewayId, KeptTurns, TurnOutbox } from "@perch/domain";
import { inTransaction } from "./open-database.ts";

/** Records of another process of this machine are left to it for so long; then it may be gone, and anybody sends them. */
const LEFT_TO_ITS_GATEWAY_MS = 30_000;

const OLDEST = `
  SELECT position, records, CAST(body AS BLOB) AS body FROM turn_batch WHERE gateway = ? OR appended_at <= ? ORDER BY position`;
const SPLIT = `
  INSERT INTO turn_batch (gateway, appended_at, records, body)
  SELECT gateway, appended_at, 1, json_array(json(value)) FROM turn_batch, json_each(body) WHERE position = ?`;
const BURY = `
  INSERT INTO turn_buried (id, gateway, buried_at, reason, body)
  SELECT value ->> 'id', gateway, ?, ?, value FROM turn_batch, json_each(body) WHERE position = ?
  ON CONFLICT (id) DO NOTHING`;

/** An outbox in a database of `openGatewayDatabase`, which stays open. A batch is a row. */
export function createSqliteTurnOutbox(
  database: DatabaseSync,
  { gateway, now }: { gateway: GatewayId; now: () => number },
): TurnOutbox {
  const append = database.prepare("INSERT INTO turn_batch (gateway, appended_at, records, body) VALUES (?, ?, ?, ?)");
  const oldest = database.prepare(OLDEST);
  const settle = database.prepare("DELETE FROM turn_batch WHERE position IN (SELECT value FROM json_each(?))");
  const split = database.prepare(SPLIT);
  const bury = database.prepare(BURY);
  const countPending = database.prepare("SELECT coalesce(sum(records), 0) AS count FROM turn_batch");
  const countBuried = database.prepare("SELECT count(*) AS count FROM turn_buried");
  return {
    append(turns) {
      append.run(gateway, now(), turns.length, JSON.stringify(turns));
    },
    oldest(limit) {
      const batches: KeptTurns[] = [];
      let records = 0;
      // Row by row: of a long backlog only what is wanted is read.
      for (const row of oldest.iterate(gateway, now() - LEFT_TO_ITS_GATEWAY_MS)) {
        const batch = parseBatch(row);
        batches.push(batch);
        records += batch.count;
        if (records >= limit) break;
      }
      return batches;
    },
    settle(ids) {
      settle.run(JSON.stringify(ids));
    },
    split(id) {
      inTransaction(database, () => {
        split.run(id);
        settle.run(JSON.stringify([id]));
      });
    },
    bury(id, reason) {
      inTransaction(database, () => {
        bury.run(now(), reason, id);
        settle.run(JSON.stringify([id]));
      });
    },
    countPending: () => Number(countPending.get()?.["count"] ?? 0),
    countBuried: () => Number(countBuried.get()?.["count"] ?? 0),
  };
}

/** Only this file writes these columns. */
function parseBatch(row: Record<string, unknown>): KeptTurns {
  const { position, records, body } = row;
  const json = body instanceof Uint8Array ? body : Buffer.from(String(body));
  return { id: Number(position), count: Number(records), json };
}
