import { LedgerError, type Leadership, type Ledger, type ServerState, type TransactionStore } from "@perch/domain";
import { createPostgresLeadership } from "./leadership.ts";
import { createPostgresLedger } from "./ledger.ts";
import { checkSchema, migrate } from "./migrate.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { PostgresError } from "./postgres-error.ts";
import { openPool, type PostgresPool } from "./postgres-pool.ts";
import { createPostgresServerState } from "./server-state.ts";
import { createPostgresTransactionStore } from "./transaction-store.ts";

/** Everything that servers keep in SQLite when there is only one of them. */
export type PostgresStore = {
  readonly ledger: Ledger;
  readonly state: ServerState;
  readonly transactions: TransactionStore;
  readonly leadership: Leadership;
  readonly close: () => Promise<void>;
};

/**
 * Connects and brings the schema up to date. A connection that is lost later is made again by the next use; `onLost` tells of
 * it. Throws `PostgresError`.
 */
export async function openPostgres(address: PostgresAddress, onLost: (reason: string) => void): Promise<PostgresStore> {
  const pool = openPool(address, onLost);
  try {
    await migrate(pool);
  } catch (error) {
    await pool.close();
    throw error;
  }
  const store = asStore(pool);
  return {
    ledger: createPostgresLedger(store),
    state: createPostgresServerState(store),
    transactions: createPostgresTransactionStore(store),
    leadership: createPostgresLeadership(store),
    close: () => pool.close(),
  };
}

/** Whoever uses a port knows its errors, not those of what is behind it. */
function asStore(pool: PostgresPool): PostgresPool {
  return {
    ...pool,
    async query(sql, values) {
      try {
        return await pool.query(sql, values);
      } catch (error) {
        if (!(error instanceof PostgresError)) throw error;
        throw new LedgerError({ code: "unavailable", message: error.message, hint: error.hint, cause: error });
      }
    },
  };
}

/** For whoever only looks. `close` of the ledger ends the connection. Throws `PostgresError`. */
export async function readPostgresLedger(address: PostgresAddress): Promise<Pick<Ledger, "readAll" | "close">> {
  const pool = openPool(address, () => {});
  try {
    await checkSchema(pool);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return { ...createPostgresLedger(pool), close: () => pool.close() };
}
