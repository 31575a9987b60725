import type { Registry } from "prom-client";
import type { SyncState } from "../sync/sync-state.ts";
import type { HeldTable } from "../table/held-table.ts";
import { registerCounter, registerGauge, single } from "@perch/adapters/prometheus";

export type TableMetricsDeps = {
  readonly held: Pick<HeldTable, "index" | "isFenced" | "sinceRenewalMs">;
  readonly sync: Pick<SyncState, "report">;
};

/** The table in force, the lease it is good for, and the connection that brings both. */
export function registerTableMetrics(registry: Registry, { held, sync }: TableMetricsDeps): void {
  const gauge = (name: string, help: string, read: () => number | null): void =>
    registerGauge(registry, { name: `perch_gateway_${name}`, help }, () => single(read()));
  const seconds = (ms: number | null | undefined): number | null => (typeof ms === "number" ? ms / 1000 : null);
  const revision = () => held.index()?.table.revision ?? null;

  gauge("table_epoch", "Epoch of the routing table in force.", () => revision()?.epoch ?? null);
  gauge("table_sequence", "Sequence of the routing table in force.", () => revision()?.sequence ?? null);
  gauge("table_received_timestamp_seconds", "When the routing table in force came from the server.", () =>
    seconds(sync.report().table?.receivedAt),
  );
  gauge("table_apply_seconds", "From the last routing table's arrival until it was in force.", () =>
    seconds(sync.report().table?.appliedMs),
  );
  gauge(
    "table_acknowledge_seconds",
    "From the last routing table's arrival until the server knew that it is in force.",
    () => seconds(sync.report().table?.acknowledgedMs),
  );
  gauge("lease_valid", "1 while new sessions may meet a canary, 0 while the gateway is fenced.", () =>
    held.isFenced() ? 0 : 1,
  );
  gauge("lease_seconds", "How long a lease of the routing table in force is.", () =>
    seconds(held.index()?.table.leaseMs),
  );
  gauge("lease_renewed_seconds_ago", "Since the server last stood by the routing table in force.", () =>
    seconds(held.sinceRenewalMs()),
  );
  gauge("server_connected", "1 while routing tables stream in.", () => (sync.report().isConnected ? 1 : 0));
  registerCounter(
    registry,
    { name: "perch_gateway_server_connections_total", help: "Times that routing tables began to stream in." },
    () => single(sync.report().connections),
  );
}
