import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import type { Log } from "@perch/adapters/json-log";
import type { GatewayId } from "@perch/domain";
import type { TracingConfig } from "../config/parse-tracing.ts";
import { createSampler, type Sampler } from "./sampler.ts";
import { SpanQueue, type SpanCounts } from "./span-queue.ts";
import { toSpan, type TracedTurn } from "./turn-span.ts";

/** The gateway's own spans. */
export type Tracing = {
  readonly sampler: Sampler;
  /** A turn of a trace that is kept ended. */
  ended(turn: TracedTurn): void;
  counts(): SpanCounts;
  stop(graceMs: number): Promise<void>;
};

export type OpenTracingDeps = { readonly gateway: GatewayId; readonly version: string; readonly log: Log };

/** Perch's own collector knows by this name that these spans are no agent's. */
const SCOPE = "perch.gateway";

export function openTracing({ url, sampler }: TracingConfig, { gateway, version, log }: OpenTracingDeps): Tracing {
  const exporter = new OTLPTraceExporter({ url, userAgent: `perch-gateway/${version}` });
  const resource = resourceFromAttributes({
    "service.name": "perch-gateway",
    "service.version": version,
    "service.instance.id": gateway,
  }).merge(detectResources({ detectors: [envDetector] }));
  const own = { resource, instrumentationScope: { name: SCOPE, version } };
  const queue = new SpanQueue<TracedTurn>({
    log,
    send: (turns) =>
      new Promise((resolve, reject) => {
        exporter.export(
          turns.map((turn) => toSpan(turn, own)),
          ({ code, error }) => {
            // 0 is success; the enum that says so is of a package that is not ours to import.
            if (code) reject(error ?? new Error("the exporter does not say why"));
            else resolve();
          },
        );
      }),
    later(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  return {
    sampler: createSampler(sampler),
    ended: (turn) => queue.add(turn),
    counts: () => queue.counts(),
    async stop(graceMs) {
      await queue.stop(graceMs);
      await exporter.shutdown();
    },
  };
}
