import { OpenTelemetry } from "@ai-sdk/otel";
import { context, propagation, ROOT_CONTEXT, type Context } from "@opentelemetry/api";
import { BaggageSpanProcessor } from "@opentelemetry/baggage-span-processor";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-node";
import { registerTelemetry } from "ai";

export interface Telemetry {
  /** The trace and baggage that the gateway sent along with a request. */
  contextOf(headers: Readonly<Record<string, unknown>>): Context;
  /** Sends what is still waiting, then stops. */
  stop(): Promise<void>;
}

export type TelemetryOptions = {
  readonly endpoint: string;
  readonly version: string;
};

// What the release pins already is not repeated in every span: it would be half of all bytes.
const PINNED_BY_RELEASE = ["gen_ai.tool.definitions", "gen_ai.system_instructions"] as const;

// One to two minutes of spans under full load, so that a restart of the collector loses none.
const MAX_QUEUED_SPANS = 32_768;
const EXPORT_TIMEOUT_MS = 30_000;

/** Installs the tracer of this process. `contextOf` must be entered for the spans of a turn to join its trace. */
export function startTelemetry({ endpoint, version }: TelemetryOptions): Telemetry {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, "")}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": "support", "service.version": version }),
    spanProcessors: [
      new BaggageSpanProcessor((key) => key.startsWith("perch.")),
      createTrimmer(),
      new BatchSpanProcessor(exporter, {
        scheduledDelayMillis: 300,
        maxQueueSize: MAX_QUEUED_SPANS,
        maxExportBatchSize: 1024,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  provider.register();
  registerTelemetry(new OpenTelemetry({ agentSpanName: "functionId" }));
  return {
    contextOf: (headers) => propagation.extract(ROOT_CONTEXT, headers),
    async stop() {
      await provider.shutdown();
      context.disable();
    },
  };
}

function createTrimmer(): SpanProcessor {
  return {
    onStart(span) {
      for (const key of PINNED_BY_RELEASE) delete span.attributes[key];
    },
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
}
