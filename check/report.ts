import { judge, type Judgement } from "./judge.ts";
import type { Plan } from "./plan.ts";
import type { Run } from "./run-store.ts";
import { tellHistory } from "./tell-history.ts";

export type StoreReport = Pick<
  Judgement,
  "sessions" | "turns" | "degraded" | "fenced" | "cutOffAfterPromotion" | "failures" | "shares"
> & {
  readonly store: Plan["store"];
  readonly violations: Readonly<Record<string, number>>;
  /** Rollouts by the phase that they ended in; faults by kind. */
  readonly rollouts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
};

/** Of each kind of violation so many are told with their history. */
const TOLD_OF_EACH = 3;

/** Judges a run, and tells what is wrong with it. */
export function reportOf({ plan, run }: { plan: Plan; run: Run }, tell: (line: string) => void): StoreReport {
  const { violations, phases, ...figures } = judge(run.history);
  const lengths = new Map(run.history.conversations.map(({ name, attempts }) => [name, attempts.length]));
  const lengthOf = (conversation: string | null): number => lengths.get(conversation ?? "") ?? 0;
  for (const [kind, found] of Map.groupBy(violations, (violation) => violation.kind)) {
    tell(`VIOLATION: ${kind}, ${found.length} times, with seed ${plan.seed} on ${plan.store}`);
    // The shortest history says most.
    const shortest = found.toSorted((a, b) => lengthOf(a.conversation) - lengthOf(b.conversation));
    for (const { message, conversation } of shortest.slice(0, TOLD_OF_EACH)) {
      tell(message);
      for (const line of conversation === null ? [] : tellHistory(run.history, conversation)) tell(line);
    }
  }
  return {
    store: plan.store,
    ...figures,
    violations: countOf(violations.map(({ kind }) => kind)),
    rollouts: countOf([...phases.values()]),
    faults: run.faults,
  };
}

function countOf(items: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(items, (item) => item)].map(([item, all]) => [item, all.length]));
}
