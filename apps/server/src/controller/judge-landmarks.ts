import { setImmediate } from "node:timers/promises";
import {
  agesOf,
  judgeLandmark,
  readLandmarks,
  type CohortMember,
  type CohortSource,
  type GateAge,
  type LandmarkReading,
  type Rollout,
  type RolloutId,
  type SignsOfLife,
} from "@perch/domain";
import type { Book } from "./book.ts";
import { MAX_BLOCK_MS, PATIENCE_WINDOWS, readJudged } from "./read-judged.ts";

export type JudgeLandmarksDeps = {
  readonly book: Book;
  readonly cohorts: Pick<CohortSource, "members" | "signsOfLife">;
  readonly now: () => number;
  /** Runs before anything is recorded that blames the canary. */
  readonly beforeBlame: (id: RolloutId) => Promise<void>;
  /** After how much silence a session counts as over, and how long late spans are waited for then. */
  readonly idleTimeoutMs: () => number;
  readonly latenessMs: () => number;
};

/** Of signs of life, so many in the time of an age say enough. */
const SIGNS_PER_AGE = 30;
const NOTHING_ASKED = { heard: { baseline: [], canary: [] }, heardSince: 0 };

/**
 * Reads the sessions of a step that have come to the age of a gate, and records what the gates say after each reading. What was
 * recorded is never read again; a crash repeats at most one reading. Tells whether anything was judged.
 */
export async function judgeLandmarks(rollout: Rollout, step: number, deps: JudgeLandmarksDeps): Promise<boolean> {
  const board = deps.book.held(rollout.id)?.evidence?.board;
  let hasJudged = false;
  for (const age of board === undefined ? [] : agesOf(board)) {
    while (await judgeOnce(rollout, { ...age, step }, deps)) hasJudged = true;
  }
  return hasJudged;
}

type AtAge = GateAge & { readonly step: number };

/** One read of one gate's sessions; true when there may be more to read at once. */
async function judgeOnce(rollout: Rollout, { gate, ageMs, step }: AtAge, deps: JudgeLandmarksDeps): Promise<boolean> {
  const { id, plan } = rollout;
  const afterAssignment = deps.book.held(id)?.rollout.landmarks[gate.name]?.through[step] ?? 0;
  const read = await readJudged(rollout, { rollout: id, step, afterAssignment }, deps.cohorts);
  if (read.members.length === 0) return false;
  const [now, latenessMs] = [deps.now(), deps.latenessMs()];
  const unfinished = read.members.filter((one) => one.matured === null && now >= one.assignedAt + ageMs + latenessMs);
  const readings = readLandmarks({
    ...read,
    step,
    gate,
    ageMs,
    now,
    latenessMs,
    idleTimeoutMs: deps.idleTimeoutMs(),
    maxBlockMs: MAX_BLOCK_MS,
    patienceMs: PATIENCE_WINDOWS * plan.windowMs,
    ...(await heardOf(unfinished, { rollout, ageMs }, deps)),
  });
  for (const reading of readings) await record(id, reading, deps);
  return read.isCutShort && readings.length > 0;
}

async function heardOf(
  unfinished: readonly CohortMember[],
  { rollout, ageMs }: { readonly rollout: Rollout; readonly ageMs: number },
  { cohorts }: JudgeLandmarksDeps,
): Promise<{ readonly heard: SignsOfLife; readonly heardSince: number }> {
  if (unfinished.length === 0) return NOTHING_ASKED;
  // From before they began, to know how often the arms are heard of.
  const since = Math.min(...unfinished.map(({ assignedAt }) => assignedAt)) - ageMs;
  const heard = await cohorts.signsOfLife({
    agent: rollout.plan.agent,
    baseline: rollout.baseline.digest,
    canary: rollout.canary.digest,
    since,
    everyMs: Math.max(1, ageMs / SIGNS_PER_AGE),
  });
  return { heard, heardSince: since };
}

async function record(id: RolloutId, reading: LandmarkReading, deps: JudgeLandmarksDeps): Promise<void> {
  const held = deps.book.held(id);
  if (held === null || held.evidence === null) return;
  const judgement = judgeLandmark(held.evidence.board, reading, held.rollout);
  if (judgement.culprits.length > 0) await deps.beforeBlame(id);
  const { phase } = await deps.book.record(id, { type: "landmarkJudged", at: deps.now(), reading, judgement });
  // A decision is on its way to the gateways: let it out before the next reading is worked on.
  if (phase !== held.rollout.phase) await setImmediate();
}
