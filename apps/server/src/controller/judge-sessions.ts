import { setImmediate } from "node:timers/promises";
import {
  cutBlocks,
  judgeBlock,
  readBlock,
  readersOf,
  type AssignedSessions,
  type ClosedBlock,
  type CohortSource,
  type GateBoard,
  type Rollout,
} from "@perch/domain";
import { judgeAloneOnce } from "./judge-alone.ts";
import { judgeLandmarks, type JudgeLandmarksDeps } from "./judge-landmarks.ts";
import { MAX_BLOCK_MS, PATIENCE_WINDOWS, readJudged, SESSIONS_PER_READ } from "./read-judged.ts";
import { settledAfter } from "./settled-after.ts";

export type JudgeSessionsDeps = JudgeLandmarksDeps & { readonly cohorts: Pick<CohortSource, "assigned"> };

/**
 * Reads the sessions of a rollout that were assigned after the last block, closes the blocks whose outcomes are settled and records what the gates say
 * after each. A crash at any point repeats at most a block that was not recorded. Tells whether anything was judged.
 */
export async function judgeNewSessions(rollout: Rollout, deps: JudgeSessionsDeps): Promise<boolean> {
  let hasJudged = false;
  for (let step = 0; step <= lastStepRouted(rollout); step += 1) {
    while (await judgeStepOnce(rollout, step, deps)) hasJudged = true;
    if (await judgeLandmarks(rollout, step, deps)) hasJudged = true;
  }
  const record = (cut: CutBlock): Promise<void> => recordBlock(rollout, cut, deps);
  while (await judgeAloneOnce(rollout, { ...deps, record, limit: SESSIONS_PER_READ })) hasJudged = true;
  return hasJudged;
}

/** One read of one step; true when there may be more to read at once. */
async function judgeStepOnce(rollout: Rollout, step: number, deps: JudgeSessionsDeps): Promise<boolean> {
  const cohort = { rollout: rollout.id, step };
  const afterAssignment = deps.book.held(rollout.id)?.rollout.judgedThrough[step] ?? 0;
  const { members, isCutShort } = await readJudged(rollout, { ...cohort, afterAssignment }, deps.cohorts);
  if (members.length === 0) return false;
  const blocks = cutBlocks({
    members,
    isCutShort,
    now: deps.now(),
    maxBlockMs: MAX_BLOCK_MS,
    patienceMs: patienceOf(rollout, deps),
  });
  if (blocks.length === 0) return false;
  const assigned = await deps.cohorts.assigned(cohort);
  for (const members of blocks) {
    const read = (board: GateBoard): ClosedBlock => readBlock(members, step, readersOf(board));
    await recordBlock(rollout, { read, assigned }, deps);
  }
  return isCutShort;
}

/** A block whose sessions are settled, before anything was read of them. */
export type CutBlock = {
  readonly read: (board: GateBoard) => ClosedBlock;
  readonly assigned: AssignedSessions;
};

async function recordBlock(
  { id }: Rollout,
  { read, assigned }: CutBlock,
  { book, now, beforeBlame }: JudgeSessionsDeps,
): Promise<void> {
  const held = book.held(id);
  if (held === null || held.evidence === null) return;
  // Read only now: what an earlier block has frozen decides what is read of this one.
  const block = { ...read(held.evidence.board), assigned };
  const judgement = judgeBlock(held.evidence.board, block, held.rollout);
  if (judgement.culprits.length > 0) await beforeBlame(id);
  const { phase } = await book.record(id, { type: "blockJudged", at: now(), block, judgement });
  // A decision is on its way to the gateways: let it out before the next block is worked on.
  if (phase !== held.rollout.phase) await setImmediate();
}

/**
 * Where an older version has begun to read landmarks with their blocks, it goes on so: a block that is read before its sessions
 * could be known to be over at that age would call them unresolved.
 */
function patienceOf({ id, plan }: Rollout, { book, idleTimeoutMs }: JudgeSessionsDeps): number {
  const patienceMs = PATIENCE_WINDOWS * plan.windowMs;
  const board = book.held(id)?.evidence?.board;
  if (board === undefined) return patienceMs;
  const settledMs = settledAfter(plan, idleTimeoutMs());
  const ages = readersOf(board).map(({ landmarkMs }) => (landmarkMs === null ? 0 : landmarkMs + settledMs));
  return Math.max(patienceMs, ...ages);
}

/** Sessions exist only of steps that were routed once. */
function lastStepRouted(rollout: Rollout): number {
  const { phase, plan } = rollout;
  if (phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused") return phase.step;
  const wasRouted = rollout.timeline.some((entry) => entry.phase === "Shifting");
  return wasRouted ? plan.steps.length - 1 : -1;
}
