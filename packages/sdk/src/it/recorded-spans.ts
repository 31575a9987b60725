import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createSpanProcessor } from "../telemetry/span-processor.ts";
import { incomingContext } from "../turn/incoming-context.ts";
import { readPerchSession, type IncomingHeaders } from "../turn/perch-session.ts";
import { inScope } from "../turn/turn-scope.ts";

export const TRACE = "c1".repeat(16);
export const GATEWAY_SPAN = "00000000000000f1";

/** Spans of this process, kept instead of sent. */
export function recordSpans(): { readonly exporter: InMemorySpanExporter; stop(): void } {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [createSpanProcessor(), new SimpleSpanProcessor(exporter)];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  return {
    exporter,
    stop() {
      trace.disable();
      context.disable();
    },
  };
}

/** As a gateway sends them along. */
export function gatewayHeaders(arm: "baseline" | "canary" | "shadow", session = "s-1"): Record<string, string> {
  return {
    traceparent: `00-${TRACE}-${GATEWAY_SPAN}-01`,
    baggage: `perch.release=sha256:ab,perch.arm=${arm},perch.session.id=${session},perch.rollout=support-2,secret=nope`,
    "x-perch-session": session,
    "x-perch-arm": arm,
    ...(arm === "shadow" && { "x-perch-shadow": "1" }),
  };
}

export function inRequest<T>(headers: IncomingHeaders, run: () => T): T {
  const incoming = incomingContext(headers);
  const session = readPerchSession(headers, incoming);
  return inScope({ session, context: incoming, response: null, annotations: {} }, run);
}
