import { comparePairs, type PairComparison, type PairEvidence, type PairSource, type Rollout } from "@perch/domain";

/** What mirrored sessions say, read again only after a while: every pair has to be looked at. */
export interface PairWatch {
  /** Null for a rollout that mirrors nothing. */
  comparisonOf(rollout: Rollout): Promise<PairComparison | null>;
}

export type PairWatchDeps = { readonly pairs: Pick<PairSource, "pairs">; readonly now: () => number };

const READ_EVERY_MS = 5000;
const PAIRS_PER_READ = 500;
/** More than this many of the newest are not read: spend caps end a mirror long before. */
const MOST_READS = 20;

type Kept = { readonly readAt: number; readonly comparison: Promise<PairComparison> };

export function createPairWatch({ pairs, now }: PairWatchDeps): PairWatch {
  const kept = new Map<string, Kept>();

  async function read({ id, plan }: Rollout): Promise<PairComparison> {
    const all: PairEvidence[] = [];
    let before: Parameters<PairSource["pairs"]>[0]["before"] = null;
    for (let reads = 0; reads < MOST_READS; reads += 1) {
      const page: readonly PairEvidence[] = await pairs.pairs({ rollout: id, before, limit: PAIRS_PER_READ });
      all.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAIRS_PER_READ) break;
      before = { at: Math.min(...last.shadow.map(({ pairedStartedAt }) => pairedStartedAt)), session: last.session };
    }
    return comparePairs(all, plan.familyWiseErrorRate);
  }

  return {
    async comparisonOf(rollout) {
      if ((rollout.plan.mirror ?? null) === null) return null;
      const held = kept.get(rollout.id);
      if (held !== undefined && now() - held.readAt < READ_EVERY_MS) return held.comparison;
      const comparison = read(rollout);
      kept.set(rollout.id, { readAt: now(), comparison });
      comparison.catch(() => kept.delete(rollout.id));
      return comparison;
    },
  };
}
