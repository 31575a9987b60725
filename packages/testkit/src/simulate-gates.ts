import {
  agesOf,
  createBoard,
  cutAfterPromotion,
  cutBlocks,
  judge,
  observe,
  observeAtAge,
  promiseReadersOf,
  readBlock,
  readersOf,
  readLandmarks,
  type CohortMember,
  type GateBoard,
  type GateReference,
  type GateReport,
  type GateSpec,
  type Judgement,
  type LandmarkReading,
  type MaturedSession,
} from "@perch/domain";
import { aMaturedSession } from "./telemetry-builders.ts";

export type SimulatedArm = "baseline" | "canary";

export type GateSimulation = {
  readonly gates: readonly GateSpec[];
  readonly references?: Readonly<Record<string, GateReference>>;
  readonly weightBp: number;
  readonly canarySessions: number;
  readonly seed: number;
  /** What one session is like: null for one that has not matured by the time its block is read. */
  readonly session: (arm: SimulatedArm, random: () => number) => Partial<MaturedSession> | null;
};

const SECOND = 1000;

/** Random numbers from 0 to below 1, the same ones for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Sessions, one every four seconds, through the real blocks and gates; the board after the last block. */
export function simulateGates(simulation: GateSimulation): GateBoard {
  const { gates, references = {}, weightBp, canarySessions } = simulation;
  const members = drawMembers(simulation);
  const settings = { members, isCutShort: false, now: Infinity, maxBlockMs: 3_600_000, patienceMs: 0 };
  let board = createBoard({ gates, weightsBp: [weightBp], windowMs: 300_000, references });
  const assigned = { baseline: 0, canary: 0 };
  const atAges = readingsOf(board, settings);
  for (const together of cutBlocks(settings)) {
    for (const { arm } of together) assigned[arm] += 1;
    const block = { ...readBlock(together, 0, readersOf(board)), assigned: { ...assigned } };
    board = atAges
      .filter(({ throughSequence }) => throughSequence === block.throughSequence)
      .reduce(observeAtAge, observe(board, block));
    if (board.canarySessions >= canarySessions) break;
  }
  return board;
}

/** Sessions of the canary alone, after it was promoted from such a board: until a gate rejects, or so many have been read. */
export function simulateAfterPromotion(
  promoted: GateBoard,
  { canarySessions, seed, session }: Pick<GateSimulation, "canarySessions" | "seed" | "session">,
): GateBoard {
  const members = drawMembers({ weightBp: 10_000, canarySessions, seed, session });
  const settings = { isCutShort: false, now: Infinity, maxBlockMs: 300_000, patienceMs: 0 };
  let board = promoted;
  for (const block of cutAfterPromotion({ members, ...settings })) {
    if (board.gates.some(({ rejectedBecause }) => rejectedBecause !== null)) return board;
    const step = board.weightsBp.length;
    const read = readBlock(block, step, promiseReadersOf(board));
    board = observe(board, { ...read, assigned: { baseline: 0, canary: block.length } });
  }
  return board;
}

type Settings = Parameters<typeof cutBlocks>[0];

/** Of gates that read at an age: every session has a first turn at once, and turns go on for ever. */
function readingsOf(board: GateBoard, settings: Settings): readonly LandmarkReading[] {
  const turnsOf = (arm: SimulatedArm): readonly number[] => [
    ...settings.members.flatMap((member) => (member.arm === arm ? member.assignedAt : [])),
    Infinity,
  ];
  const heard = { baseline: turnsOf("baseline"), canary: turnsOf("canary") };
  return agesOf(board).flatMap((age) =>
    readLandmarks({ ...settings, ...age, step: 0, idleTimeoutMs: Infinity, latenessMs: 0, heard, heardSince: 0 }),
  );
}

/** What the gates say about a simulation's only step. */
export function judgeSimulation(simulation: GateSimulation): Judgement {
  return judge(simulateGates(simulation), { step: 0, minCanarySessions: null });
}

/** The report of a simulation's only gate. */
export function reportOfSimulation(simulation: GateSimulation): GateReport {
  const [report] = judgeSimulation(simulation).reports;
  if (report === undefined) throw new Error("found no gate to simulate, expected one");
  return report;
}

/** The share of runs, by their seeds from `first` on, in which the only gate rejects. */
export function rejectionRate(runs: number, simulation: GateSimulation): number {
  let rejected = 0;
  for (let run = 0; run < runs; run += 1) {
    const board = simulateGates({ ...simulation, seed: simulation.seed + run });
    if (board.gates.some(({ rejectedBecause }) => rejectedBecause !== null)) rejected += 1;
  }
  return rejected / runs;
}

function drawMembers({
  weightBp,
  canarySessions,
  seed,
  session,
}: Pick<GateSimulation, "weightBp" | "canarySessions" | "seed" | "session">): readonly CohortMember[] {
  const random = seededRandom(seed);
  const members: CohortMember[] = [];
  let canary = 0;
  while (canary < canarySessions + 2) {
    const arm = random() < weightBp / 10_000 ? "canary" : "baseline";
    if (arm === "canary") canary += 1;
    const assignment = members.length + 1;
    const assignedAt = assignment * 4 * SECOND;
    const drawn = session(arm, random);
    const matured = drawn && aSession(arm, assignment, { startedAt: assignedAt, endedAt: assignedAt, ...drawn });
    members.push({ assignment, arm, assignedAt, lastTurnAt: assignedAt, isEnded: matured !== null, matured });
  }
  return members;
}

/** Made once: a simulation draws thousands. */
const BLANK = aMaturedSession();

function aSession(arm: SimulatedArm, nth: number, drawn: Partial<MaturedSession>): MaturedSession {
  return { ...BLANK, arm, sequence: nth, ...drawn };
}
