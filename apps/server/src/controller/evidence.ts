import {
  createBoard,
  isShadowOnly,
  judge,
  observe,
  SAMPLE_RATIO_ALARM,
  type GateBoard,
  type Judgement,
  type Rollout,
  type RolloutEvent,
} from "@perch/domain";

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
  if (event.type !== "blockJudged" || evidence === null) return evidence;
  const point = { at: event.at, canarySessions: rollout.canaryJudged, logE: event.judgement.logE };
  return { board: observe(evidence.board, event.block), history: [...evidence.history, point] };
}

/** Of a rollout that only mirrors. */
const NOTHING_JUDGED: Judgement = {
  reports: [],
  culprits: [],
  pausing: [],
  sampleRatio: { logE: 0, alarmAtLogE: SAMPLE_RATIO_ALARM, isMismatch: false },
  canAdvance: false,
  waitingFor: [],
};

/** What the gates say about the step where the rollout stands, or stood last. */
export function judgeStep(board: GateBoard, rollout: Rollout): Judgement {
  if (isShadowOnly(rollout.plan)) return NOTHING_JUDGED;
  const step = stepInQuestion(rollout);
  return judge(board, { step, minCanarySessions: rollout.plan.steps[step]?.minCanarySessions ?? null });
}

export function stepInQuestion(rollout: Rollout): number {
  const { phase } = rollout;
  if (phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused") return phase.step;
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
