import { context, defaultTextMapSetter, propagation, ROOT_CONTEXT, trace, type BaggageEntry } from "@opentelemetry/api";
import { W3C_PROPAGATOR } from "./incoming-context.ts";
import { attributionOf } from "./perch-session.ts";
import { currentScope } from "./turn-scope.ts";

/**
 * What a request to a tool server or to another agent has to carry to be part of this turn: trace, the gateway's baggage,
 * and whether it is a shadow's. Nothing else of the baggage.
 */
export function outgoingHeaders(): Readonly<Record<string, string>> {
  const scope = currentScope();
  const session = scope?.session ?? null;
  const headers: Record<string, string> = session?.isShadow === true ? { "x-perch-shadow": "1" } : {};
  const entries: Record<string, BaggageEntry> = {};
  for (const [key, value] of Object.entries(session === null ? {} : attributionOf(session))) entries[key] = { value };
  // Without spans in this process the gateway's is the one to go on from.
  const isTraced = trace.getSpanContext(context.active()) !== undefined;
  const base = isTraced ? context.active() : (scope?.context ?? ROOT_CONTEXT);
  const carried = propagation.setBaggage(base, propagation.createBaggage(entries));
  W3C_PROPAGATOR.inject(carried, headers, defaultTextMapSetter);
  return headers;
}
