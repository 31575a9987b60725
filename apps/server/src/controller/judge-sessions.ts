import { setImmediate } from "node:timers/promises";
import { closeBlocks, judgeBlock, type Block, type CohortSource, type Rollout } from "@perch/domain";
import type { Book } from "./book.ts";

export type JudgeSessionsDeps = {
  readonly book: Book;
  readonly cohorts: Pick<CohortSource, "members" | "assigned">;
  readonly now: () => number;
};

/** A block that a slow arm keeps open is closed after this long, whatever it holds (`statistics.md` 3). */
const MAX_BLOCK_MS = 3_600_000;
/** How long a block waits for its sessions to mature: an hour at the default window of five minutes. */
const PATIENCE_WINDOWS = 12;
const SESSIONS_PER_READ = 2000;

/**
 * Reads the sessions of a rollout that were assigned after the last block, closes the blocks whose outcomes are settled and records what the gates say
 * after each. A crash at any point repeats at most a block that was not recorded. Tells whether anything was judged.
 */
export async function judgeNewSessions(rollout: Rollout, deps: JudgeSessionsDeps): Promise<boolean> {
  let hasJudged = false;
  for (let step = 0; step <= lastStepRouted(rollout); step += 1) {
    while (await judgeStepOnce(rollout, step, deps)) hasJudged = true;
  }
  return hasJudged;
}

/** One read of one step; true when there may be more to read at once. */
async function judgeStepOnce(rollout: Rollout, step: number, deps: JudgeSessionsDeps): Promise<boolean> {
  const afterAssignment = deps.book.held(rollout.id)?.rollout.judgedThrough[step] ?? 0;
  const cohort = { rollout: rollout.id, step };
  const members = await deps.cohorts.members({ ...cohort, afterAssignment, limit: SESSIONS_PER_READ });
  if (members.length === 0) return false;
  const isCutShort = members.length === SESSIONS_PER_READ;
  const blocks = closeBlocks({
    step,
    members,
    isCutShort,
    gates: rollout.plan.gates,
    now: deps.now(),
    maxBlockMs: MAX_BLOCK_MS,
    patienceMs: PATIENCE_WINDOWS * rollout.plan.windowMs,
  });
  if (blocks.length === 0) return false;
  const assigned = await deps.cohorts.assigned(cohort);
  for (const block of blocks) await recordBlock(rollout, { ...block, assigned }, deps);
  return isCutShort;
}

async function recordBlock({ id }: Rollout, block: Block, { book, now }: JudgeSessionsDeps): Promise<void> {
  const held = book.held(id);
  if (held === null || held.evidence === null) return;
  const judgement = judgeBlock(held.evidence.board, block, held.rollout);
  const { phase } = await book.record(id, { type: "blockJudged", at: now(), block, judgement });
  // A decision is on its way to the gateways: let it out before the next block is worked on.
  if (phase !== held.rollout.phase) await setImmediate();
}

/** Sessions exist only of steps that were routed once. */
function lastStepRouted(rollout: Rollout): number {
  const { phase, plan } = rollout;
  if (phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused") return phase.step;
  const wasRouted = rollout.timeline.some((entry) => entry.phase === "Shifting");
  return wasRouted ? plan.steps.length - 1 : -1;
}
