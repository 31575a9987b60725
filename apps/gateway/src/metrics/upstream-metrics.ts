import type { Registry } from "prom-client";
import type { UpstreamHealth } from "../proxy/upstream-health.ts";
import type { UpstreamPools } from "../proxy/upstream-pools.ts";
import type { HeldTable } from "../table/held-table.ts";
import { registerGauge } from "@perch/adapters/prometheus";

export type UpstreamMetricsDeps = {
  readonly held: Pick<HeldTable, "index">;
  readonly pools: Pick<UpstreamPools, "counts">;
  readonly health: Pick<UpstreamHealth, "isAside">;
};

/** Connections to the agents, by the URLs of the routing table. */
export function registerUpstreamMetrics(registry: Registry, { held, pools, health }: UpstreamMetricsDeps): void {
  registerGauge(
    registry,
    {
      name: "perch_gateway_upstream_connections",
      help: "Connections to agents.",
      labelNames: ["origin", "state"],
    },
    () =>
      [...pools.counts()].flatMap(([origin, { open, idle }]) => [
        { labels: { origin, state: "busy" }, value: open - idle },
        { labels: { origin, state: "idle" }, value: idle },
      ]),
  );
  registerGauge(
    registry,
    {
      name: "perch_gateway_upstream_healthy",
      help: "0 while an agent's URL is set aside because it failed.",
      labelNames: ["origin"],
    },
    () =>
      [...(held.index()?.origins ?? [])].map((origin) => ({
        labels: { origin },
        value: health.isAside(origin) ? 0 : 1,
      })),
  );
}
