import type { GateBoard } from "./board.ts";
import { GateError } from "./error.ts";
import { reportGate, type StepOutlook } from "./report-gate.ts";
import { SAMPLE_RATIO_ALARM } from "./sample-ratio.ts";
import type { GateReport, Judgement } from "./verdict.ts";

/** Canary sessions to have seen before a promotion (`statistics.md` 3.9.2). */
export const MIN_SESSIONS_TO_PROMOTE = 100;

export type JudgeInput = {
  /** Index into the board's weights. */
  readonly step: number;
  /** Steps that follow before 100 %; 0 means that leaving this step promotes. Default: what the board's weights leave. */
  readonly stepsAfter?: number;
  /** Canary sessions that the whole rollout must have seen. Null: 100 if leaving this step promotes, else none. */
  readonly minCanarySessions: number | null;
};

/** What all gates together say about a step by now. Only evidence fails, only evidence passes; all else holds. */
export function judge(board: GateBoard, input: JudgeInput): Judgement {
  const outlook = outlookOf(board, input);
  const reports = board.gates.map((evidence) => reportGate(evidence, outlook));
  const rejecting = reports.filter((report) => report.verdict.kind === "fail" && report.gate.role !== "muted");
  const culprits = rejecting.filter(rollsBack).map((report) => report.gate.name);
  const pausing = rejecting.filter((report) => !rollsBack(report)).map((report) => report.gate.name);
  const waitingFor = [
    ...rejecting.map((report) => `${report.gate.name}: rejects the canary`),
    ...sampleRatioWait(outlook),
    ...(outlook.missingSessions > 0
      ? [`${outlook.missingSessions} more canary sessions, to reach ${outlook.minCanarySessions}`]
      : []),
    ...reports.flatMap(guardrailWait),
  ];
  const { logE, peakLogE } = board.sampleRatio;
  return {
    reports,
    culprits,
    pausing,
    sampleRatio: { logE, alarmAtLogE: SAMPLE_RATIO_ALARM, isMismatch: peakLogE >= SAMPLE_RATIO_ALARM },
    canAdvance: waitingFor.length === 0,
    waitingFor,
  };
}

function outlookOf(board: GateBoard, input: JudgeInput): StepOutlook {
  const weightBp = board.weightsBp[input.step];
  if (weightBp === undefined) {
    throw new GateError({
      code: "step_unknown",
      message: `found step ${input.step} to judge, expected a step from 0 to ${board.weightsBp.length - 1}`,
      hint: "create the board with the weight of every step of the rollout",
    });
  }
  const stepsAfter = input.stepsAfter ?? board.weightsBp.length - 1 - input.step;
  const minCanarySessions = input.minCanarySessions ?? (stepsAfter === 0 ? MIN_SESSIONS_TO_PROMOTE : 0);
  return {
    step: input.step,
    stepsAfter,
    canaryWeight: weightBp / 10_000,
    minCanarySessions,
    missingSessions: Math.max(0, minCanarySessions - board.canarySessions),
    isMismatch: board.sampleRatio.peakLogE >= SAMPLE_RATIO_ALARM,
  };
}

function rollsBack({ gate }: GateReport): boolean {
  return gate.role === "guardrail" && gate.onFail === "rollback";
}

function sampleRatioWait({ isMismatch }: StepOutlook): readonly string[] {
  return isMismatch ? ["a person to look at the sample-ratio mismatch: the arms are not split as the weight says"] : [];
}

function guardrailWait({ gate, verdict }: GateReport): readonly string[] {
  if (gate.role !== "guardrail" || verdict.kind !== "inconclusive") return [];
  return [`${gate.name}: ${verdict.waitingFor}`];
}
