import { registerGauge, single } from "@perch/adapters/prometheus";
import { collectDefaultMetrics, Registry } from "prom-client";
import { registerCollectorMetrics } from "./collector-metrics.ts";
import type { Figures } from "./figures.ts";
import { registerRolloutMetrics } from "./rollout-metrics.ts";

export type ServerMetricsDeps = {
  readonly version: string;
  /** Null while another server leads: then there is nothing to count here. */
  readonly figures: () => Figures | null;
};

export type ServerMetrics = {
  /** Answers `GET /-/metrics`, and no other request (null). */
  answer(request: Request): Promise<Response> | null;
};

const PATH = "/-/metrics";
/** The event loop is looked at so often. */
const LAG_PRECISION_MS = 50;

/** What a server counts, as Prometheus reads it. One for each process, since several terms of leading may follow one another in it. */
export function createServerMetrics({ version, figures }: ServerMetricsDeps): ServerMetrics {
  const registry = new Registry();
  registerGauge(
    registry,
    { name: "perch_server_info", help: "Always 1; says which version runs.", labelNames: ["version"] },
    () => [{ labels: { version }, value: 1 }],
  );
  registerGauge(registry, { name: "perch_server_leads", help: "1 on the one server that decides." }, () =>
    single(figures() === null ? 0 : 1),
  );
  registerGauge(
    registry,
    { name: "perch_server_epoch", help: "Of the present term of leading; larger than all before it." },
    () => single(figures()?.epoch ?? null),
  );
  registerCollectorMetrics(registry, figures);
  registerRolloutMetrics(registry, figures);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  return {
    answer(request) {
      if (request.method !== "GET" || new URL(request.url).pathname !== PATH) return null;
      return textOf(registry);
    },
  };
}

async function textOf(registry: Registry): Promise<Response> {
  return new Response(await registry.metrics(), { headers: { "content-type": Registry.PROMETHEUS_CONTENT_TYPE } });
}
