import type {
  CohortSource,
  ExplorerSource,
  PairSource,
  SessionSource,
  TraceStore,
  WriteCallSource,
} from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { createClickHouseCohortSource } from "./cohort-source.ts";
import { createClickHouseExplorerSource } from "./explorer-source.ts";
import { createClickHousePairSource } from "./pair-source.ts";
import { createClickHouseSessionSource } from "./session-source.ts";
import { createClickHouseTraceStore } from "./trace-store.ts";
import { createClickHouseWriteCallSource } from "./write-call-source.ts";

export type OpenTraceStore = {
  readonly store: TraceStore;
  readonly cohorts: CohortSource;
  readonly sessions: SessionSource;
  readonly pairs: PairSource;
  readonly writeCalls: WriteCallSource;
  readonly explorer: ExplorerSource;
  /** Writes what is waiting and lets go of the database. The same as `store.close()`; may be called twice. */
  readonly close: () => Promise<void>;
};

/** Writes, assembly with gates, and pages do not wait for each other. */
export type StoreClients = Readonly<Record<"inserts" | "reads" | "pages", ClickHouseClient>>;

/** Everything that reads from and writes to a migrated database; it owns the clients from now on. */
export function openStore(clients: StoreClients): OpenTraceStore {
  const writing = createClickHouseTraceStore(clients);
  let closed: Promise<void> | null = null;
  const close = () => (closed ??= writing.close().then(() => closeAll(Object.values(clients))));
  return {
    store: { ...writing, close },
    cohorts: createClickHouseCohortSource(clients.reads),
    sessions: createClickHouseSessionSource(clients.pages),
    pairs: createClickHousePairSource(clients.pages),
    writeCalls: createClickHouseWriteCallSource(clients.pages),
    explorer: createClickHouseExplorerSource(clients.pages),
    close,
  };
}

export async function closeAll(clients: readonly ClickHouseClient[]): Promise<void> {
  for (const client of clients) await client.close();
}
