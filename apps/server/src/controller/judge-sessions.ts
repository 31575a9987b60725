import { setImmediate } from "node:timers/promises";
import {
  analysisPolicy,
  cutBlocks,
  judgeBlock,
  readBlock,
  readersOf,
  type AssignedSessions,
  type ClosedBlock,
  type CohortMember,
  type CohortSource,
  type GateBoard,
  type Rollout,
  type RolloutId,
} from "@perch/domain";
import type { Book } from "./book.ts";
import { judgeAloneOnce } from "./judge-alone.ts";
import { settledAfter } from "./settled-after.ts";

export type JudgeSessionsDeps = {
  readonly book: Book;
  readonly cohorts: Pick<CohortSource, "members" | "assigned">;
  readonly now: () => number;
  /** Runs before a block is recorded that blames the canary. */
  readonly beforeBlame: (id: RolloutId) => Promise<void>;
  /** After how much silence a session counts as over, where the rollout does not say. */
  readonly idleTimeoutMs: () => number;
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
  const record = (cut: CutBlock): Promise<void> => recordBlock(rollout, cut, deps);
  while (await judgeAloneOnce(rollout, { ...deps, record, limit: SESSIONS_PER_READ })) hasJudged = true;
  return hasJudged;
}

/** One read of one step; true when there may be more to read at once. */
async function judgeStepOnce(rollout: Rollout, step: number, deps: JudgeSessionsDeps): Promise<boolean> {
  const cohort = { rollout: rollout.id, step };
  const afterAssignment = deps.book.held(rollout.id)?.rollout.judgedThrough[step] ?? 0;
  const { members, isCutShort } = await readJudged(rollout, { ...cohort, afterAssignment }, deps);
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

type Place = { readonly rollout: RolloutId; readonly step: number; readonly afterAssignment: number };
type Read = { readonly members: readonly CohortMember[]; readonly isCutShort: boolean };

/** The next sessions that count: those of both arms that began while the canary was still cold are passed over. */
async function readJudged(rollout: Rollout, place: Place, deps: JudgeSessionsDeps): Promise<Read> {
  const from = judgedFrom(rollout);
  for (let { afterAssignment } = place; ;) {
    const read = await deps.cohorts.members({ ...place, afterAssignment, limit: SESSIONS_PER_READ });
    const members = read.filter(({ assignedAt }) => assignedAt >= from);
    const isCutShort = read.length === SESSIONS_PER_READ;
    if (members.length > 0 || !isCutShort) return { members, isCutShort };
    afterAssignment = read.at(-1)?.assignment ?? afterAssignment;
  }
}

/** Users first met the canary when the last gateway had its first weight. */
function judgedFrom({ plan, timeline }: Rollout): number {
  const { initialDelayMs } = analysisPolicy(plan);
  if (initialDelayMs === 0) return -Infinity;
  const met = timeline.find((entry) => entry.phase === "Baking");
  return met === undefined ? Infinity : met.at + initialDelayMs;
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

/** A block that is read before its sessions could be known to be over at a gate's age would call them unresolved. */
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
