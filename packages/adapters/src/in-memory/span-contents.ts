import type { SpanContent, TraceStore } from "@perch/domain";

/** The part of a trace store that keeps what spans say. */
export function createMemoryContents(): Pick<TraceStore, "appendContents" | "contentsOf"> {
  const byTrace = new Map<string, Map<string, SpanContent>>();
  return {
    async appendContents(contents) {
      for (const content of contents) {
        const ofTrace = byTrace.get(content.traceId) ?? new Map<string, SpanContent>();
        if (!ofTrace.has(content.spanId)) ofTrace.set(content.spanId, content);
        byTrace.set(content.traceId, ofTrace);
      }
    },
    async contentsOf(traceId) {
      return [...(byTrace.get(traceId)?.values() ?? [])].toSorted((a, b) => a.startedAt - b.startedAt);
    },
  };
}
