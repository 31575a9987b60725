import {
  context,
  defaultTextMapGetter,
  propagation,
  ROOT_CONTEXT,
  trace,
  type BaggageEntry,
  type Context,
} from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import type { IncomingHeaders } from "./perch-session.ts";

export const W3C_PROPAGATOR = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});

/**
 * The trace and baggage that came with a request. Where an instrumentation has begun a span of this trace already, that span
 * stays the parent, and only what it lacks of the gateway's baggage is added.
 */
export function incomingContext(headers: IncomingHeaders): Context {
  const incoming = W3C_PROPAGATOR.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const active = context.active();
  // Whatever span the server was started in is active, too: it is another trace's.
  const isInstrumented = traceIdOf(active) !== undefined && traceIdOf(active) === traceIdOf(incoming);
  return isInstrumented ? withBaggageOf(active, incoming) : incoming;
}

function withBaggageOf(active: Context, incoming: Context): Context {
  const entries: Record<string, BaggageEntry> = {};
  for (const source of [incoming, active]) {
    for (const [key, entry] of propagation.getBaggage(source)?.getAllEntries() ?? []) entries[key] = entry;
  }
  return propagation.setBaggage(active, propagation.createBaggage(entries));
}

function traceIdOf(context: Context): string | undefined {
  return trace.getSpanContext(context)?.traceId;
}
