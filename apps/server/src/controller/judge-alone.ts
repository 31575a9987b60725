import {
  cutAfterPromotion,
  isJudgedAlone,
  isWithin,
  promiseReadersOf,
  readBlock,
  stepAfter,
  type CohortMember,
  type Outage,
  type Rollout,
  type RolloutId,
} from "@perch/domain";
import type { CutBlock, JudgeSessionsDeps } from "./judge-sessions.ts";
import { settledAfter } from "./settled-after.ts";

export type JudgeAloneDeps = Pick<JudgeSessionsDeps, "book" | "cohorts" | "now" | "idleTimeoutMs"> & {
  readonly record: (cut: CutBlock) => Promise<void>;
  /** Sessions a read. */
  readonly limit: number;
};

/**
 * One read of the sessions that began after the promotion, while it bakes; true when there may be more to read at once. They have no
 * baseline beside them, so gates judge what they promise. A session that is not over when its time has come counts as a
 * good one, and so does one that met an outage: neither can roll anything back.
 */
export async function judgeAloneOnce(rollout: Rollout, deps: JudgeAloneDeps): Promise<boolean> {
  const { plan, id } = rollout;
  const held = deps.book.held(id);
  if (held === null || held.evidence === null || !isBaking(id, deps)) return false;
  const step = stepAfter(plan);
  const afterAssignment = held.rollout.judgedThrough[step] ?? 0;
  const read = await deps.cohorts.members({ rollout: id, step, afterAssignment, limit: deps.limit });
  const isCutShort = read.length === deps.limit;
  const blocks = cutAfterPromotion({
    members: read.filter(({ arm }) => arm === "canary"),
    isCutShort,
    now: deps.now(),
    maxBlockMs: plan.windowMs,
    patienceMs: settledAfter(plan, deps.idleTimeoutMs()),
  });
  if (blocks.length === 0) return false;
  const assigned = await deps.cohorts.assigned({ rollout: id, step });
  for (const members of blocks) {
    // What was read with the block that decided is not read again after a crash, so it is not recorded without one either.
    if (!isBaking(id, deps)) return false;
    const settled = withoutOutages(members, held.rollout.outages);
    await deps.record({ read: (board) => readBlock(settled, step, promiseReadersOf(board)), assigned });
  }
  return isCutShort;
}

function isBaking(id: RolloutId, { book, now }: Pick<JudgeAloneDeps, "book" | "now">): boolean {
  const held = book.held(id);
  return held !== null && isJudgedAlone(held.rollout, now());
}

/** Whose fault it was that turns failed then nobody can tell. */
function withoutOutages(members: readonly CohortMember[], outages: readonly Outage[]): readonly CohortMember[] {
  return members.map((member) =>
    member.matured !== null && isWithin(outages, member.matured) ? { ...member, matured: null } : member,
  );
}
