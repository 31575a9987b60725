import type { History, Violation } from "./history.ts";
import { indexHistory } from "./index-history.ts";
import { judgeFailures } from "./judge-failures.ts";
import { judgeLeaks } from "./judge-leaks.ts";
import { isFenced, judgePlacements } from "./judge-placements.ts";
import { judgeRecords } from "./judge-records.ts";
import { judgeRollouts, phasesOf } from "./judge-rollouts.ts";
import { judgeShares, sharesOf, type Share } from "./judge-shares.ts";
import { judgeSwitches, type DegradedReason } from "./judge-switches.ts";

export type Judgement = {
  readonly violations: readonly Violation[];
  readonly sessions: number;
  readonly turns: number;
  readonly degraded: Readonly<Record<DegradedReason, number>>;
  /** Sessions placed without a lease, at the baseline. */
  readonly fenced: number;
  /** Sessions that met a release whose promotion had been taken back, through gateways that had not heard. */
  readonly cutOffAfterPromotion: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly shares: readonly Share[];
  readonly phases: ReadonlyMap<string, string>;
};

/** Everything that is promised, asked of a run that is over. Pure: the same history gets the same judgement. */
export function judge(history: History): Judgement {
  const indexed = indexHistory(history);
  const switches = judgeSwitches(indexed);
  const leaks = judgeLeaks(indexed);
  const failures = judgeFailures(indexed);
  const shares = sharesOf(indexed);
  return {
    violations: [
      ...switches.violations,
      ...judgePlacements(indexed),
      ...leaks.violations,
      ...judgeShares(shares),
      ...failures.violations,
      ...judgeRecords(indexed),
      ...judgeRollouts(indexed),
    ],
    sessions: history.conversations.length,
    turns: [...indexed.attempts.values()].filter(({ outcome }) => outcome.kind === "answered").length,
    degraded: switches.degraded,
    fenced: indexed.claims.filter((fresh) => fresh.isOwn && isFenced(fresh)).length,
    cutOffAfterPromotion: leaks.cutOffAfterPromotion,
    failures: failures.explained,
    shares,
    phases: phasesOf(history),
  };
}
