import { context, diag, DiagLogLevel, propagation, ProxyTracerProvider, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { W3C_PROPAGATOR } from "../turn/incoming-context.ts";
import { createTroubleLogger } from "./report-trouble.ts";
import { createSpanProcessor } from "./span-processor.ts";

export type StartOptions = {
  /** Else `OTEL_SERVICE_NAME`, else `PERCH_AGENT`. */
  readonly serviceName?: string;
  /** Else `PERCH_VERSION`. */
  readonly serviceVersion?: string;
  /** Where OTLP goes, without `/v1/traces`; else what the variables of OpenTelemetry say. */
  readonly endpoint?: string;
  /** Of your own, in front of the exporter. */
  readonly spanProcessors?: readonly SpanProcessor[];
};

export type Telemetry = {
  /** Whose tracer provider sends the spans. `application`: it had one already. `nobody`: `OTEL_SDK_DISABLED`. */
  readonly provider: "perch" | "application" | "nobody";
  /** Sends what is waiting. */
  flush(): Promise<void>;
  /** Sends what is waiting, then no more. */
  stop(): Promise<void>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

// One to two minutes of spans under full load, so that a restart of the collector loses none.
const MAX_QUEUED_SPANS = 32_768;
const EXPORT_TIMEOUT_MS = 30_000;
const SEND_EVERY_MS = 500;

const NO_PROVIDER = new ProxyTracerProvider().getDelegate().constructor;

/** An application that has a tracer provider keeps it: two would send each span twice, or the wrong way. */
export function startTelemetry(options: StartOptions, environment: Environment): Telemetry {
  if (isDisabled(environment)) return idle("nobody");
  if (hasProvider()) return idle("application");
  // Each does nothing when the application has chosen its own.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(W3C_PROPAGATOR);
  reportTrouble();
  const provider = createProvider(options, environment);
  trace.setGlobalTracerProvider(provider);
  return { provider: "perch", flush: () => provider.forceFlush(), stop: () => provider.shutdown() };
}

const API = Symbol.for("opentelemetry.js.api.1");

/** Unless the application listens to OpenTelemetry's own words already. */
function reportTrouble(): void {
  const registered: unknown = Reflect.get(globalThis, API);
  if (typeof registered === "object" && registered !== null && "diag" in registered) return;
  const report = (message: string): void => process.emitWarning(message, "PerchWarning");
  diag.setLogger(createTroubleLogger({ report, now: Date.now }), DiagLogLevel.WARN);
}

export function isDisabled(environment: Environment): boolean {
  return environment["OTEL_SDK_DISABLED"]?.toLowerCase() === "true";
}

function idle(provider: "application" | "nobody"): Telemetry {
  return { provider, flush: async () => {}, stop: async () => {} };
}

function hasProvider(): boolean {
  const registered = trace.getTracerProvider();
  if (!isProxy(registered)) return true;
  const { constructor } = registered.getDelegate();
  // By name, too: another copy of the API has a class of its own.
  return constructor !== NO_PROVIDER && constructor.name !== "NoopTracerProvider";
}

function isProxy(provider: object): provider is Pick<ProxyTracerProvider, "getDelegate"> {
  return "getDelegate" in provider && typeof provider.getDelegate === "function";
}

function createProvider({ endpoint, spanProcessors = [], ...names }: StartOptions, environment: Environment) {
  const exporter = new OTLPTraceExporter({
    timeoutMillis: EXPORT_TIMEOUT_MS,
    ...(endpoint !== undefined && { url: `${endpoint.replace(/\/$/, "")}/v1/traces` }),
  });
  const batches = new BatchSpanProcessor(exporter, {
    maxQueueSize: MAX_QUEUED_SPANS,
    maxExportBatchSize: 1024,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    scheduledDelayMillis: SEND_EVERY_MS,
  });
  return new BasicTracerProvider({
    resource: resourceOf(names, environment),
    spanProcessors: [createSpanProcessor(), ...spanProcessors, batches],
  });
}

/** `perch deploy` says which release a process was started for; what its requests say outranks it. */
function resourceOf(names: StartOptions, environment: Environment) {
  const { PERCH_AGENT: agent, PERCH_VERSION: version, PERCH_RELEASE: release } = environment;
  const given = resourceFromAttributes({
    ...(names.serviceName !== undefined && { "service.name": names.serviceName }),
    ...(names.serviceVersion !== undefined && { "service.version": names.serviceVersion }),
  });
  const deployed = resourceFromAttributes({
    ...(agent && { "service.name": agent, "perch.agent": agent }),
    ...(version && { "service.version": version }),
    ...(release && { "perch.release": release }),
  });
  return defaultResource()
    .merge(deployed)
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(given);
}
