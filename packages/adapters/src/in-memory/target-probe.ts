import type { TargetProbe } from "@perch/domain";

/** Every address answers, but those of `silent`. */
export function createMemoryTargetProbe(silent: ReadonlySet<string> = new Set()): TargetProbe {
  return {
    ask: async (url) => (silent.has(url) ? { kind: "silent", because: `${url} does not answer` } : { kind: "answers" }),
  };
}
