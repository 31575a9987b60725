import { join } from "node:path";
import type { Log } from "@perch/adapters/json-log";
import {
  createSqliteLedger,
  createSqliteServerState,
  createSqliteTransactionStore,
  openServerDatabase,
} from "@perch/adapters/sqlite";
import type { Leadership, Ledger, ServerState, TransactionStore } from "@perch/domain";
import type { DatabaseOptions } from "./database-options.ts";
import type { ServerOptions } from "./options.ts";
import { readFlagFile } from "./read-flag-file.ts";

/** What a server keeps but for traces. */
export type Store = {
  readonly ledger: Ledger;
  readonly state: ServerState;
  readonly transactions: TransactionStore;
  /** Null: nobody shares it. */
  readonly leadership: Leadership | null;
  readonly close: () => Promise<void>;
};

/** In the data directory, or in the database that several servers share. */
export async function openStore({ data, database }: ServerOptions, log: Log): Promise<Store> {
  if (database !== null) return await openShared(database, log);
  const sqlite = openServerDatabase(join(data, "server", "server.sqlite"));
  const ledger = createSqliteLedger(sqlite);
  const [state, transactions] = [createSqliteServerState(sqlite), createSqliteTransactionStore(sqlite)];
  return { ledger, state, transactions, leadership: null, close: () => ledger.close() };
}

/** Loaded only where it is asked for. */
async function openShared({ url, passwordFile }: DatabaseOptions, log: Log): Promise<Store> {
  const { openPostgres, parsePostgresAddress } = await import("@perch/adapters/postgres");
  const address = parsePostgresAddress(
    url,
    passwordFile === null ? null : readFlagFile("--database-password-file", passwordFile).replace(/\r?\n$/, ""),
  );
  const store = await openPostgres(address, (reason) =>
    log.warn("a connection to the database was lost; the next use makes another", { reason }),
  );
  log.info("using the database", { database: address.shown });
  return store;
}
