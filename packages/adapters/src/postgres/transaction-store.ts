import {
  conflictOfTransactions,
  formatTransactionKey,
  mergeReports,
  type KeptTransaction,
  type TransactionStore,
} from "@perch/domain";
import type { PoolClient } from "pg";
import { parseCountRow, parseKeptRow, parseOpenRows } from "../transaction-row/parse-transaction-row.ts";
import type { PostgresPool } from "./postgres-pool.ts";

const COLUMNS = `agent text, tool text, id text, session text, release text, "openedAt" double precision,
  "closedAt" double precision`;
const CHANGES = `jsonb_to_recordset($1::jsonb) AS change (${COLUMNS})`;
// In one order everywhere, so that two batches of the same transactions do not wait for each other in a ring.
// What was said first counts, and a closing is for good: as `mergeTransaction` has it.
const STORE = `
  INSERT INTO perch_tool_transaction AS held (agent, tool, id, session, release, opened_at, closed_at)
  SELECT agent, tool, id, session, release, "openedAt", "closedAt" FROM ${CHANGES} ORDER BY agent, tool, id
  ON CONFLICT (agent, tool, id) DO UPDATE SET
    session = coalesce(held.session, excluded.session), release = coalesce(held.release, excluded.release),
    opened_at = coalesce(held.opened_at, excluded.opened_at), closed_at = coalesce(held.closed_at, excluded.closed_at)
  RETURNING *`;
const OPEN = `
  SELECT * FROM perch_tool_transaction
  WHERE closed_at IS NULL AND agent = $1 AND release IS NOT DISTINCT FROM $2 AND (opened_at, tool, id) > ($3, $4, $5)
  ORDER BY opened_at, tool, id LIMIT $6`;

/** Open transactions in a database of `openPostgres`. */
export function createPostgresTransactionStore(pool: PostgresPool): TransactionStore {
  return {
    async record(reports) {
      const { changes, conflicts } = mergeReports(reports);
      if (conflicts.length > 0)
        return [...conflicts, ...(await pool.withClient((client) => store(client, changes, false)))];
      return changes.length === 0 ? [] : await pool.withClient((client) => store(client, changes, true));
    },
    async openCounts() {
      const rows = await pool.query(
        `SELECT agent, release, count(*) AS open FROM perch_tool_transaction WHERE closed_at IS NULL
         GROUP BY agent, release`,
      );
      return rows.map(parseCountRow);
    },
    async open({ agent, release, limit, after }) {
      const { openedAt, tool, id } = after ?? { openedAt: -Number.MAX_VALUE, tool: "", id: "" };
      return parseOpenRows(await pool.query(OPEN, [agent, release, openedAt, tool, id, limit]));
    },
    async reassign({ agent, tool, id }, { from, to }) {
      await pool.query(
        `UPDATE perch_tool_transaction SET release = $5 WHERE agent = $1 AND tool = $2 AND id = $3
           AND release IS NOT DISTINCT FROM $4 AND closed_at IS NULL`,
        [agent, tool, id, from, to],
      );
    },
    async forgetClosed(before) {
      await pool.query("DELETE FROM perch_tool_transaction WHERE closed_at < $1", [before]);
    },
  };
}

/** Stored first and looked at then: whoever comes second waits for the first one's commit, and sees the conflict. */
async function store(client: PoolClient, changes: readonly KeptTransaction[], isWanted: boolean) {
  await client.query("BEGIN; SET LOCAL synchronous_commit TO on");
  const { rows } = await client.query<Record<string, unknown>>(STORE, [JSON.stringify(changes)]);
  const held = new Map(rows.map(parseKeptRow).map((row) => [formatTransactionKey(row), row]));
  const conflicts = changes.flatMap(
    (change) => conflictOfTransactions(held.get(formatTransactionKey(change)) ?? change, change) ?? [],
  );
  await client.query(isWanted && conflicts.length === 0 ? "COMMIT" : "ROLLBACK");
  return conflicts;
}
