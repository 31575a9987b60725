import { propagation, type Context } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { attributionOf } from "../turn/perch-session.ts";
import { currentScope } from "../turn/turn-scope.ts";

/** Writes onto every span that begins which session, release, arm and rollout it belongs to, and the turn's annotations. */
export function createSpanProcessor(): SpanProcessor {
  return {
    onStart(span, parent) {
      const scope = currentScope();
      // Frameworks that begin their spans at the root lose the baggage, but not the scope.
      if (scope !== undefined) {
        span.setAttributes(scope.annotations);
        if (scope.session !== null) span.setAttributes(attributionOf(scope.session));
      }
      span.setAttributes(ownBaggage(parent));
    },
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

function ownBaggage(parent: Context): Readonly<Record<string, string>> {
  const entries = propagation.getBaggage(parent)?.getAllEntries() ?? [];
  return Object.fromEntries(
    entries.filter(([key]) => key.startsWith("perch.")).map(([key, { value }]) => [key, value]),
  );
}
