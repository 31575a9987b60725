import {
  currentRelease,
  isBakingPromotion,
  isQuarantined,
  unfinishedRollouts,
  type AgentName,
  type AgentRecord,
  type ReleaseIdentity,
  type Rollout,
  type RolloutPlan,
} from "@perch/domain";
import type { Book } from "./book.ts";

export type TakeTurnDeps = { readonly book: Book; readonly now: () => number };

/**
 * A rollout that was applied while others were under way: supersedes those whose place it takes, and begins once all of
 * them are over. Safe to repeat, so that a crash in between repairs itself.
 */
export async function takeTurn(
  { id, supersedes }: Pick<Rollout, "id" | "supersedes">,
  deps: TakeTurnDeps,
): Promise<void> {
  const { book, now } = deps;
  for (const earlier of supersedes)
    await book.record(earlier, { type: "superseded", at: now(), actor: "controller", by: id });
  const rollout = book.held(id)?.rollout;
  const record = rollout === undefined ? null : book.agent(rollout.plan.agent);
  if (rollout === undefined || record === null) return;
  if (rollout.phase.kind !== "Pending" || !rollout.phase.isQueued || waitedFor(rollout, book, now()).length > 0) return;
  const baseline = currentOf(record, book);
  const problem = baseline === null ? "the agent has no current release" : problemWith(rollout, baseline, book);
  if (problem !== null) {
    await book.record(id, { type: "preparationFailed", at: now(), reason: problem });
    return;
  }
  await closeEarlierPromotions(rollout.plan.agent, deps);
  if (baseline !== null) await book.record(id, { type: "dequeued", at: now(), baseline });
}

/** Rollouts of the agent that have to be over first. */
export function waitedFor(rollout: Rollout, book: Pick<Book, "rollouts">, now: number): readonly Rollout[] {
  const rollouts = book.rollouts();
  const earlier = rollouts.slice(
    0,
    rollouts.findIndex(({ id }) => id === rollout.id),
  );
  return stillUnderWay(rollout.plan, earlier, now);
}

/** Rollouts that a new one of the plan finds under way. One that is queued lets a promotion bake to its end as well. */
export function stillUnderWay(
  { agent, supersede }: RolloutPlan,
  rollouts: readonly Rollout[],
  now: number,
): readonly Rollout[] {
  const unfinished = unfinishedRollouts({ agent }, rollouts);
  if (supersede !== "queue") return unfinished;
  const isBaking = (rollout: Rollout): boolean =>
    rollout.plan.agent === agent && rollout.plan.promotion !== undefined && isBakingPromotion(rollout, now);
  return [...unfinished, ...rollouts.filter(isBaking)];
}

function currentOf(record: AgentRecord, book: Book): ReleaseIdentity | null {
  const current = currentRelease(record, book.rollouts());
  const held = record.releases.find(({ digest }) => digest === current);
  return held === undefined ? null : { digest: held.digest, version: held.version };
}

/** While it waited the agent may have changed: it was written for what it found then. */
function problemWith({ canary, plan, forcedBecause }: Rollout, baseline: ReleaseIdentity, book: Book): string | null {
  if (canary.digest === baseline.digest) return `${plan.agent}@${canary.version} is the current release already`;
  if (isQuarantined(canary.digest, book.rollouts()) && forcedBecause === "")
    return `${plan.agent}@${canary.version} was quarantined while this rollout waited`;
  return null;
}

/** Going back from an earlier promotion would now pull the baseline from under this rollout. */
export async function closeEarlierPromotions(agent: AgentName, { book, now }: TakeTurnDeps): Promise<void> {
  for (const { id, plan } of book.rollouts()) {
    if (plan.agent === agent) await book.record(id, { type: "rollbackWindowClosed", at: now() });
  }
}
