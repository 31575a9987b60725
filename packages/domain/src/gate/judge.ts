import type { GateBoard } from "./board.ts";
import { decideWith, outlookOf, type JudgeInput } from "./decide.ts";
import { reportGate } from "./report-gate.ts";
import { SAMPLE_RATIO_ALARM } from "./sample-ratio.ts";
import type { Judgement } from "./verdict.ts";

/** What all gates together say about a step by now, with the evidence that a person reads. */
export function judge(board: GateBoard, input: JudgeInput): Judgement {
  const outlook = outlookOf(board, input);
  const reports = board.gates.map((evidence) => reportGate(evidence, outlook));
  const { culprits, pausing, isSampleRatioMismatch, canAdvance, waitingFor } = decideWith(reports, outlook);
  return {
    reports,
    culprits,
    pausing,
    sampleRatio: {
      logE: board.sampleRatio.logE,
      alarmAtLogE: input.sampleRatio?.alarmAtLogE ?? SAMPLE_RATIO_ALARM,
      isMismatch: isSampleRatioMismatch,
    },
    canAdvance,
    waitingFor,
  };
}
