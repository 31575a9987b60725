import type { GateBoard } from "./board.ts";
import { GateError } from "./error.ts";
import { gateStanding, type StepOutlook } from "./gate-verdict.ts";
import { SAMPLE_RATIO_ALARM } from "./sample-ratio.ts";
import type { GateReport } from "./verdict.ts";

/** Canary sessions to have seen before a promotion (`statistics.md` 3.9.2). */
export const MIN_SESSIONS_TO_PROMOTE = 100;

export type JudgeInput = {
  /** Index into the board's weights. */
  readonly step: number;
  /** Steps that follow before 100 %; 0 means that leaving this step promotes. Default: what the board's weights leave. */
  readonly stepsAfter?: number;
  /** Canary sessions that the whole rollout must have seen. Null: 100 if leaving this step promotes, else none. */
  readonly minCanarySessions: number | null;
  /** Where a wrong split alarms, and whether somebody has looked at it and goes on. Default: α = 0.1 %, nobody has. */
  readonly sampleRatio?: { readonly alarmAtLogE: number; readonly isAccepted: boolean };
};

/** What the controller acts on. */
export type Decision = {
  /** Guardrails that reject, with `onFail: rollback`; any of them rolls back. */
  readonly culprits: readonly string[];
  /** Gates that reject and only pause. */
  readonly pausing: readonly string[];
  readonly isSampleRatioMismatch: boolean;
  /** Every critical guardrail is non-inferior at this step's ladder level, windows are clean, enough sessions seen. */
  readonly canAdvance: boolean;
  /** Why not, in a person's words; empty when it can. */
  readonly waitingFor: readonly string[];
};

type JudgedGate = Pick<GateReport, "gate" | "verdict">;

/** What all gates together decide about a step by now. Only evidence fails, only evidence passes; all else holds. */
export function decide(board: GateBoard, input: JudgeInput): Decision {
  const outlook = outlookOf(board, input);
  const judged = board.gates.map((evidence) => ({
    gate: evidence.gate,
    verdict: gateStanding(evidence, outlook).verdict,
  }));
  return decideWith(judged, outlook);
}

/** The same from verdicts that are there already. */
export function decideWith(gates: readonly JudgedGate[], outlook: StepOutlook): Decision {
  const rejecting = gates.filter(({ gate, verdict }) => verdict.kind === "fail" && gate.role !== "muted");
  const waitingFor = [
    ...rejecting.map(({ gate }) => `${gate.name}: rejects the canary`),
    ...sampleRatioWait(outlook),
    ...(outlook.missingSessions > 0
      ? [`${outlook.missingSessions} more canary sessions, to reach ${outlook.minCanarySessions}`]
      : []),
    ...gates.flatMap((one) => guardrailWait(one, outlook)),
  ];
  return {
    culprits: rejecting.filter(rollsBack).map(({ gate }) => gate.name),
    pausing: rejecting.filter((one) => !rollsBack(one)).map(({ gate }) => gate.name),
    isSampleRatioMismatch: outlook.isMismatch,
    canAdvance: waitingFor.length === 0,
    waitingFor,
  };
}

export function outlookOf(board: GateBoard, input: JudgeInput): StepOutlook {
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
    isMismatch: board.sampleRatio.peakLogE >= (input.sampleRatio?.alarmAtLogE ?? SAMPLE_RATIO_ALARM),
    isMismatchAccepted: input.sampleRatio?.isAccepted === true,
  };
}

function rollsBack({ gate }: JudgedGate): boolean {
  return gate.role === "guardrail" && gate.onFail === "rollback";
}

function sampleRatioWait({ isMismatch, isMismatchAccepted }: StepOutlook): readonly string[] {
  return isMismatch && !isMismatchAccepted
    ? ["a person to look at the sample-ratio mismatch: the arms are not split as the weight says"]
    : [];
}

function guardrailWait({ gate, verdict }: JudgedGate, outlook: StepOutlook): readonly string[] {
  if (gate.role !== "guardrail") return [];
  if (verdict.kind === "inconclusive") return [`${gate.name}: ${verdict.waitingFor}`];
  // The mismatch itself is waited for already, once.
  const isAboutMismatch = outlook.isMismatch && !outlook.isMismatchAccepted;
  return verdict.kind === "invalid" && !isAboutMismatch ? [`${gate.name}: ${verdict.because}`] : [];
}
