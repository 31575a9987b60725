import type { Log } from "@perch/adapters/json-log";

/** What is wrong with each scorer at the moment; logged when it changes, not for every session. */
export type ScorerTrouble = {
  note(scorer: string, because: string | null): void;
  of(scorer: string): string | null;
};

export function createScorerTrouble(log: Log): ScorerTrouble {
  const trouble = new Map<string, string | null>();
  const of = (scorer: string): string | null => trouble.get(scorer) ?? null;
  return {
    of,
    note(scorer, because) {
      if (of(scorer) === because) return;
      trouble.set(scorer, because);
      if (because === null) log.info("a scorer answers again", { scorer });
      else log.warn("a scorer does not do its work; sessions may stay without its score", { scorer, because });
    },
  };
}
