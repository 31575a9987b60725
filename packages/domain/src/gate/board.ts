import type { Block, LandmarkReading } from "./block.ts";
import { GateError } from "./error.ts";
import {
  observeAlone,
  observeGate,
  observeGateAtAge,
  openGateEvidence,
  type EvidenceSettings,
  type GateEvidence,
} from "./gate-evidence.ts";
import type { GateReference } from "./gate-reference.ts";
import type { GateSpec } from "./gate-spec.ts";
import { observePace, type Pace } from "./pace.ts";
import { NO_SAMPLES, observeSampleRatio, type SampleRatio } from "./sample-ratio.ts";

/** How many blocks a rollout is expected to have: where the money for a late start is spread (`statistics.md` 3.1). */
const PLANNED_BLOCKS = 500;
const CONSECUTIVE_FAILURES = 3;

export type BoardInput = {
  readonly gates: readonly GateSpec[];
  /** The canary's weight in each step, in basis points; `block.step` is an index into it. */
  readonly weightsBp: readonly number[];
  readonly windowMs: number;
  /** By gate name: what was frozen from the agent's history. Missing or null: frozen from the baseline arm. */
  readonly references: Readonly<Record<string, GateReference>>;
  /** Broken windows in a row that reject, given two thirds of the evidence. Default 3. */
  readonly consecutiveFailureLimit?: number;
  /** Default 500, which are 1 000 canary sessions or more. */
  readonly plannedBlocks?: number;
};

/** All gates of one rollout with everything they have learnt. A value: fold the recorded blocks again to get it back. */
export type GateBoard = {
  readonly weightsBp: readonly number[];
  readonly settings: EvidenceSettings;
  readonly gates: readonly GateEvidence[];
  readonly sampleRatio: SampleRatio;
  /** By step. */
  readonly pace: Readonly<Record<number, Pace>>;
  /** Matured canary sessions of all blocks. */
  readonly canarySessions: number;
};

/** A board that has seen nothing. */
export function createBoard(input: BoardInput): GateBoard {
  const plannedBlocks = input.plannedBlocks ?? PLANNED_BLOCKS;
  return {
    weightsBp: input.weightsBp,
    settings: {
      windowMs: input.windowMs,
      consecutiveFailureLimit: input.consecutiveFailureLimit ?? CONSECUTIVE_FAILURES,
      plannedBlocks,
    },
    gates: input.gates.map((gate) => openGateEvidence(gate, input.references[gate.name] ?? null, plannedBlocks)),
    sampleRatio: NO_SAMPLES,
    pace: {},
    canarySessions: 0,
  };
}

/** Of sessions that begin after the promotion: one behind the last step's. */
export function stepAfterPromotion({ weightsBp }: Pick<GateBoard, "weightsBp">): number {
  return weightsBp.length;
}

/** The board after one more block. Each block counts once, in the order of recording; blocks of several steps may alternate. */
export function observe(board: GateBoard, block: Block): GateBoard {
  if (block.step === stepAfterPromotion(board)) {
    return { ...board, gates: board.gates.map((evidence) => observeAlone(evidence, block, board.settings)) };
  }
  if (board.weightsBp[block.step] === undefined) {
    throw new GateError({
      code: "step_unknown",
      message: `found a block of step ${block.step}, expected a step from 0 to ${board.weightsBp.length - 1}`,
      hint: "create the board with the weight of every step of the rollout",
    });
  }
  return {
    ...board,
    gates: board.gates.map((evidence) => observeGate(evidence, block, board.settings)),
    sampleRatio: observeSampleRatio(board.sampleRatio, block, board.weightsBp),
    pace: observePace(board.pace, block),
    canarySessions: board.canarySessions + block.canarySessions,
  };
}

/** The board after sessions were read at one gate's age. Each reading counts once; they may come before or after blocks. */
export function observeAtAge(board: GateBoard, reading: LandmarkReading): GateBoard {
  return {
    ...board,
    gates: board.gates.map((evidence) =>
      evidence.gate.name === reading.gate ? observeGateAtAge(evidence, reading) : evidence,
    ),
  };
}
