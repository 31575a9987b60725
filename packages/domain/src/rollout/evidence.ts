import type { Block, LandmarkReading } from "../gate/block.ts";
import { createBoard, observe, observeAtAge, type GateBoard } from "../gate/board.ts";
import { decide, type Decision, type JudgeInput } from "../gate/decide.ts";
import { judge } from "../gate/judge.ts";
import { SAMPLE_RATIO_ALARM } from "../gate/sample-ratio.ts";
import type { Judgement } from "../gate/verdict.ts";
import { affordableStep, harmRampOf } from "./harm-ramp.ts";
import { isOnStep } from "./phase-groups.ts";
import { analysisPolicy } from "./policies.ts";
import { isShadowOnly } from "./plan.ts";
import type { JudgementSummary, Rollout, RolloutEvent } from "./rollout.ts";

/** One gate's evidence when a block had been judged. */
export type EvidencePoint = {
  readonly at: number;
  readonly canarySessions: number;
  readonly logE: Readonly<Record<string, number>>;
};

/** What the gates have learnt in a rollout: the fold of its recorded blocks. */
export type Evidence = { readonly board: GateBoard; readonly history: readonly EvidencePoint[] };

/** The evidence after an event that the rollout has already taken; null until there are references to judge by. */
export function foldEvidence(evidence: Evidence | null, rollout: Rollout, event: RolloutEvent): Evidence | null {
  if (event.type === "prepared") return { board: newBoard(rollout), history: [] };
  if (evidence === null || (event.type !== "blockJudged" && event.type !== "landmarkJudged")) return evidence;
  const point = { at: event.at, canarySessions: rollout.canaryJudged, logE: event.judgement.logE };
  return { board: boardAfter(evidence.board, event), history: [...evidence.history, point] };
}

function boardAfter(board: GateBoard, event: Extract<RolloutEvent, { judgement: JudgementSummary }>): GateBoard {
  return event.type === "blockJudged" ? observe(board, event.block) : observeAtAge(board, event.reading);
}

const NOTHING_JUDGED: Judgement = {
  reports: [],
  culprits: [],
  pausing: [],
  sampleRatio: { logE: 0, alarmAtLogE: SAMPLE_RATIO_ALARM, isMismatch: false },
  canAdvance: false,
  waitingFor: [],
};

/** What the gates say about the step where the rollout stands, or stood last, with everything that a person reads. */
export function judgeStep(board: GateBoard, rollout: Rollout): Judgement {
  if (isShadowOnly(rollout.plan)) return NOTHING_JUDGED;
  return judge(board, inputOf(rollout));
}

/** What the gates decide once they have seen one more block: the part of a judgement that the ledger keeps. */
export function judgeBlock(board: GateBoard, block: Block, rollout: Rollout): JudgementSummary {
  return judgeBoard(observe(board, block), rollout);
}

/** The same once sessions were read at one gate's age. */
export function judgeLandmark(board: GateBoard, reading: LandmarkReading, rollout: Rollout): JudgementSummary {
  return judgeBoard(observeAtAge(board, reading), rollout);
}

/** The same from a board that has seen it already. */
export function judgeBoard(seen: GateBoard, rollout: Rollout): JudgementSummary {
  const input = inputOf(rollout);
  const decision = decide(seen, input);
  return {
    step: input.step,
    ...decision,
    ...raiseOf(seen, rollout, decision),
    logE: Object.fromEntries(seen.gates.map(({ gate, logE }) => [gate.name, finite(logE)])),
  };
}

/** What a harm budget affords; nothing more while any gate complains. */
function raiseOf(
  board: GateBoard,
  rollout: Rollout,
  { culprits, pausing, isSampleRatioMismatch }: Decision,
): Pick<JudgementSummary, "affordableStep"> {
  if (harmRampOf(rollout.plan) === null) return {};
  const step = stepInQuestion(rollout);
  const isCalm = culprits.length === 0 && pausing.length === 0 && !isSampleRatioMismatch;
  return { affordableStep: isCalm ? affordableStep(board, rollout.plan, step) : step };
}

function inputOf(rollout: Rollout): JudgeInput {
  const step = stepInQuestion(rollout);
  const minCanarySessions = rollout.plan.steps[step]?.minCanarySessions ?? null;
  const { alpha, action } = analysisPolicy(rollout.plan).sampleRatio;
  const sampleRatio = {
    alarmAtLogE: -Math.log(alpha),
    isAccepted: action === "warn" || rollout.hasAcknowledgedSampleRatio,
  };
  // By harm budget the steps only differ in their weight: each may be the last one.
  return harmRampOf(rollout.plan) === null
    ? { step, minCanarySessions, sampleRatio }
    : { step, minCanarySessions, sampleRatio, stepsAfter: 0 };
}

function stepInQuestion(rollout: Rollout): number {
  const { phase } = rollout;
  if (isOnStep(phase)) return phase.step;
  return rollout.judgement?.step ?? 0;
}

function newBoard(rollout: Rollout): GateBoard {
  const { plan } = rollout;
  return createBoard({
    gates: plan.gates,
    weightsBp: plan.steps.map((step) => step.weightBp),
    windowMs: plan.windowMs,
    references: rollout.references,
    consecutiveFailureLimit: plan.consecutiveFailureLimit,
  });
}

/** The ledger is JSON, which has no infinities. */
function finite(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.max(-1e6, Math.min(1e6, value));
}
