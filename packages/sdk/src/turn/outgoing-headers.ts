import { context, defaultTextMapSetter, propagation, type BaggageEntry } from "@opentelemetry/api";
import { W3C_PROPAGATOR } from "./incoming-context.ts";
import { attributionOf } from "./perch-session.ts";
import { currentScope } from "./turn-scope.ts";

/**
 * What a request to a tool server or to another agent has to carry to be part of this turn: trace, the gateway's baggage,
 * and whether it is a shadow's. Nothing else of the baggage.
 */
export function outgoingHeaders(): Readonly<Record<string, string>> {
  const session = currentScope()?.session ?? null;
  const headers: Record<string, string> = session?.isShadow === true ? { "x-perch-shadow": "1" } : {};
  const entries: Record<string, BaggageEntry> = {};
  for (const [key, value] of Object.entries(session === null ? {} : attributionOf(session))) entries[key] = { value };
  const carried = propagation.setBaggage(context.active(), propagation.createBaggage(entries));
  W3C_PROPAGATOR.inject(carried, headers, defaultTextMapSetter);
  return headers;
}
