import { chainEntry, conflictOf, deposedBy, LedgerError, type Ledger, type LedgerEntry } from "@perch/domain";
import type { PoolClient } from "pg";
import { parseLedgerRow } from "../ledger-row/parse-ledger-row.ts";
import type { PostgresPool } from "./postgres-pool.ts";

type Append = Parameters<Ledger["append"]>;

/** A ledger in a database of `openPostgres`; `close` leaves that open. */
export function createPostgresLedger(pool: PostgresPool): Ledger {
  return {
    append: (...append) => appendEntry(pool, append),
    read: (subject) => select(pool, "subject = $1 ORDER BY sequence", [subject]),
    readAll: (afterSequence, limit) =>
      select(pool, "sequence > $1 ORDER BY sequence LIMIT $2", [afterSequence, limit ?? null]),
    close: async () => {},
  };
}

async function select(pool: PostgresPool, where: string, values: readonly unknown[]): Promise<readonly LedgerEntry[]> {
  return (await pool.query(`SELECT * FROM perch_ledger WHERE ${where}`, values)).map(parseLedgerRow);
}

async function appendEntry(pool: PostgresPool, append: Append): Promise<LedgerEntry> {
  const tried: { entry: LedgerEntry | null } = { entry: null };
  try {
    return await pool.withClient(async (client) => {
      const entry = await insert(client, append);
      // From here until the answer nobody knows whether it is there.
      tried.entry = entry;
      await client.query("COMMIT");
      return entry;
    });
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    if (tried.entry === null) throw unavailable(error);
    return await findOut(pool, tried.entry, error);
  }
}

/** All but the commit. The lock on the leadership makes appends wait for each other, and an election for them. */
async function insert(client: PoolClient, [entry, expected, epoch]: Append): Promise<LedgerEntry> {
  await client.query("BEGIN; SET LOCAL synchronous_commit TO on");
  const newest = await lockLeadership(client);
  if (newest !== epoch) throw deposedBy(newest, epoch);
  const { rows } = await client.query<{ last: number | null; sequence: number | null; hash: string | null }>(
    `SELECT (SELECT max(sequence) FROM perch_ledger WHERE subject = $1) AS last, head.sequence, head.hash
     FROM (SELECT) AS nothing LEFT JOIN
       (SELECT sequence, hash FROM perch_ledger ORDER BY sequence DESC LIMIT 1) AS head ON true`,
    [entry.subject],
  );
  const { last = null, sequence = null, hash = null } = rows[0] ?? {};
  if ((last ?? 0) !== expected) throw conflictOf(entry.subject, last ?? 0, expected);
  const chained = chainEntry(sequence === null || hash === null ? null : { sequence, hash }, entry);
  await client.query(
    `INSERT INTO perch_ledger (sequence, at, subject, type, body, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      chained.sequence,
      chained.at,
      chained.subject,
      chained.type,
      JSON.stringify(chained.body),
      chained.previousHash,
      chained.hash,
    ],
  );
  return chained;
}

async function lockLeadership(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ epoch: number }>("SELECT epoch FROM perch_leadership FOR UPDATE");
  return rows[0]?.epoch ?? 0;
}

/** The lock is had only when the transaction that nobody heard the end of has ended. */
async function findOut(pool: PostgresPool, entry: LedgerEntry, cause: unknown): Promise<LedgerEntry> {
  try {
    const isThere = await pool.withClient(async (client) => {
      await client.query("BEGIN");
      await lockLeadership(client);
      const { rows } = await client.query("SELECT FROM perch_ledger WHERE sequence = $1 AND hash = $2", [
        entry.sequence,
        entry.hash,
      ]);
      await client.query("COMMIT");
      return rows.length > 0;
    });
    if (isThere) return entry;
  } catch {
    throw new LedgerError({
      code: "in_doubt",
      message: `the database was lost while an entry about ${entry.subject} was committed, and does not say whether it was`,
      hint: "the server reads its ledger anew as soon as the database is back; look there before you try again",
      cause,
    });
  }
  throw unavailable(cause);
}

function unavailable(cause: unknown): LedgerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LedgerError({
    code: "unavailable",
    message: `nothing was recorded: ${reason}`,
    hint: "try again; Perch goes on by itself when the database is back",
    cause,
  });
}
