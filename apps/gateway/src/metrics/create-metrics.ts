import type { GatewayId, TurnOutbox } from "@perch/domain";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Draining } from "../admin/gateway-status.ts";
import type { SpanCounts } from "../tracing/span-queue.ts";
import { registerMirrorMetrics, type MirrorMetricsDeps } from "./mirror-metrics.ts";
import { registerPinMetrics, type PinMetricsDeps } from "./pin-metrics.ts";
import { registerCounter, registerGauge, single } from "@perch/adapters/prometheus";
import { registerTableMetrics, type TableMetricsDeps } from "./table-metrics.ts";
import { registerTurnMetrics, type TurnMetricsDeps } from "./turn-metrics.ts";
import { registerUpstreamMetrics, type UpstreamMetricsDeps } from "./upstream-metrics.ts";

export type MetricsDeps = TurnMetricsDeps &
  PinMetricsDeps &
  TableMetricsDeps &
  UpstreamMetricsDeps &
  MirrorMetricsDeps & {
    readonly gateway: GatewayId;
    readonly version: string;
    readonly startedAt: number;
    readonly inFlight: () => number;
    readonly connections: () => number;
    /** Null while it was not told to stop. */
    readonly draining: () => Draining | null;
    readonly outbox: Pick<TurnOutbox, "countPending" | "countBuried">;
    /** Null while the gateway makes no spans. */
    readonly spans: (() => SpanCounts) | null;
  };

/** Everything that the gateway counts, as Prometheus reads it; each line says whose it is. */
export type Metrics = { text(): Promise<string> };

/** The event loop is looked at so often: every look wakes a process that may have nothing else to do. */
const LAG_PRECISION_MS = 50;

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export function createMetrics(deps: MetricsDeps): Metrics {
  const registry = new Registry();
  // Several gateways may be read at one place.
  registry.setDefaultLabels({ gateway: deps.gateway });
  registerTurnMetrics(registry, deps);
  registerPinMetrics(registry, deps);
  registerTableMetrics(registry, deps);
  registerUpstreamMetrics(registry, deps);
  registerMirrorMetrics(registry, deps);
  registerProcessMetrics(registry, deps);
  if (deps.spans !== null) registerSpanMetrics(registry, deps.spans);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  return { text: () => registry.metrics() };
}

function registerProcessMetrics(registry: Registry, deps: MetricsDeps): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, { name: `perch_gateway_${name}`, help }, () => single(read()));
  gauge("requests_in_flight", "Requests under way, WebSockets among them.", deps.inFlight);
  gauge("client_connections", "Connections of clients, idle ones among them.", deps.connections);
  gauge("draining", "1 once the gateway was told to stop.", () => (deps.draining() === null ? 0 : 1));
  gauge("outbox_pending", "Turn records that the server does not have yet.", () => deps.outbox.countPending());
  gauge("outbox_buried", "Turn records that the server refuses.", () => deps.outbox.countBuried());
  registerGauge(
    registry,
    { name: "perch_gateway_info", help: "Always 1; says which version runs.", labelNames: ["version"] },
    () => [{ labels: { version: deps.version }, value: 1 }],
  );
}

function registerSpanMetrics(registry: Registry, counts: () => SpanCounts): void {
  registerCounter(
    registry,
    {
      name: "perch_gateway_spans_total",
      help: "The gateway's own spans: sent, dropped because too many waited, or given up after failing to be sent.",
      labelNames: ["outcome"],
    },
    () => {
      const { sent, dropped, failed } = counts();
      return Object.entries({ sent, dropped, failed }).map(([outcome, value]) => ({ labels: { outcome }, value }));
    },
  );
  registerGauge(registry, { name: "perch_gateway_spans_queued", help: "Spans that wait to be sent." }, () =>
    single(counts().queued),
  );
}
