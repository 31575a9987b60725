import { formatSessionKey, type SessionId, type SessionKey, type Span } from "@perch/domain";

/** Which open sessions a span is about. Keys are as `formatSessionKey` writes them. */
export interface SpanOwners {
  addTrace(key: SessionKey, traceId: string): void;
  add(key: SessionKey): void;
  forget(key: SessionKey, traceIds: Iterable<string>): void;
  ownersOf(span: Span): Iterable<string>;
}

export function createSpanOwners(): SpanOwners {
  const keyOfTrace = new Map<string, string>();
  /** Several where clients of several agents chose the same id. */
  const keysOfId = new Map<SessionId, Set<string>>();
  return {
    addTrace: (key, traceId) => void keyOfTrace.set(traceId, formatSessionKey(key)),
    add(key) {
      const keys = keysOfId.get(key.session) ?? new Set();
      keysOfId.set(key.session, keys.add(formatSessionKey(key)));
    },
    forget(key, traceIds) {
      for (const traceId of traceIds) keyOfTrace.delete(traceId);
      const keys = keysOfId.get(key.session);
      keys?.delete(formatSessionKey(key));
      if (keys?.size === 0) keysOfId.delete(key.session);
    },
    /** A span outside of every recorded turn says only the id: then whoever has it waits for more. */
    ownersOf({ traceId, attribution }) {
      const key = keyOfTrace.get(traceId);
      if (key !== undefined) return [key];
      return attribution.session === null ? [] : (keysOfId.get(attribution.session) ?? []);
    },
  };
}
