import type { ScorersView } from "@perch/api";
import type { AppraisalStore } from "@perch/domain";
import type { ConfiguredScorer } from "./configured-scorer.ts";

type ViewDeps = {
  readonly scorers: readonly ConfiguredScorer[];
  readonly store: Pick<AppraisalStore, "spent" | "outcomes">;
  readonly now: () => number;
};

const HOUR_MS = 3_600_000;

/** What each scorer did, does and may still do. */
export function viewScorers(
  { scorers, store, now }: ViewDeps,
  troubleOf: (scorer: string) => string | null,
): ScorersView {
  const outcomes = store.outcomes();
  return {
    scorers: scorers.map(({ scorer: { name, version }, agents, samplePercent, budget }) => {
      const { waiting = 0, scored = 0, ...unscored } = outcomes.get(name) ?? {};
      return {
        name,
        version,
        agents: agents === null ? null : [...agents],
        samplePercent,
        waiting,
        scored,
        unscored,
        lastHour: store.spent(name, now() - HOUR_MS),
        lastDay: store.spent(name, now() - 24 * HOUR_MS),
        budget,
        trouble: troubleOf(name),
      };
    }),
  };
}
