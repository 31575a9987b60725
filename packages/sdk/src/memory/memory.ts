import { SpanKind, type Attributes } from "@opentelemetry/api";
import { noteError } from "../tools/tool-span.ts";
import { tracer } from "../telemetry/tracer.ts";
import { currentScope } from "../turn/turn-scope.ts";

/** `run` gets the namespace to use instead of the store's own name. */
export type UseMemory<T> = (namespace: string) => T | Promise<T>;
export type MemoryUse = {
  /** Which record, when it is one. */
  readonly record?: string;
};

export type Memory = {
  /** The store's own name, or in a shadow a throw-away one: `perch-shadow/ROLLOUT/SESSION/STORE`. */
  namespace(store: string): string;
  read<T>(store: string, run: UseMemory<T>, use?: MemoryUse): Promise<T>;
  write<T>(store: string, run: UseMemory<T>, use?: MemoryUse): Promise<T>;
};

export const memory: Memory = {
  namespace: namespaceOf,
  read: async (store, run, use = {}) => await underMemorySpan("search_memory", { store, ...use }, run),
  write: async (store, run, use = {}) => await underMemorySpan("upsert_memory", { store, ...use }, run),
};

/** All turns of a session's shadow share one, and nothing else does. */
function namespaceOf(store: string): string {
  const session = currentScope()?.session ?? null;
  if (session?.isShadow !== true) return store;
  const parts = [session.rollout ?? "", session.session ?? ""];
  return ["perch-shadow", ...parts.map(encodeURIComponent), store].join("/");
}

async function underMemorySpan<T>(
  operation: "search_memory" | "upsert_memory",
  { store, record }: MemoryUse & { readonly store: string },
  run: UseMemory<T>,
): Promise<T> {
  const namespace = namespaceOf(store);
  const attributes: Attributes = {
    "gen_ai.operation.name": operation,
    "gen_ai.memory.store.id": store,
    ...(record !== undefined && { "gen_ai.memory.record.id": record }),
    ...(namespace !== store && { "perch.memory.namespace": namespace }),
  };
  return await tracer().startActiveSpan(operation, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      const result = await run(namespace);
      if (Array.isArray(result)) span.setAttribute("gen_ai.memory.record.count", result.length);
      return result;
    } catch (error) {
      noteError(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}
