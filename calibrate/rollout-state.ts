import {
  advance,
  agesOf,
  digestOf,
  foldEvidence,
  observe,
  observeAtAge,
  parseAgentName,
  parseRolloutId,
  isJudgedAlone,
  promiseReadersOf,
  readBlock,
  readersOf,
  stepAfter,
  startRollout,
  judgeBoard,
  type GateAge,
  type GateBoard,
  type LandmarkReading,
  type Rollout,
  type RolloutEvent,
} from "@perch/domain";
import type { CutBlock } from "./feed.ts";
import { WINDOW_MS, type Run, type Scenario } from "./scenario.ts";

/** The step whose weight is routed, and the weight as a share. */
export type Routed = { readonly step: number; readonly weight: number };

/** A rollout as the server's book holds it: the real reducer and the real gates, without a ledger. */
export type RolloutState = {
  /** Null once nothing is routed to the canary beside the baseline. */
  weight(): Routed | null;
  /** The step that sessions after the promotion belong to, while it bakes; else null. */
  bakes(at: number): number | null;
  take(block: CutBlock, at: number): void;
  /** The gates that read sessions at an age, and what they read. */
  readonly ages: readonly GateAge[];
  takeAtAge(reading: LandmarkReading, at: number): void;
  tick(at: number): void;
  ending(): Pick<Run, "end" | "culprits" | "mismatchAfter">;
};

export function openRollout(scenario: Scenario): RolloutState {
  let rollout = startRollout(appliedEvent(scenario));
  function record(event: RolloutEvent): void {
    rollout = advance(rollout, event);
    acknowledge(event.at);
  }

  /** Gateways answer at once: how long that takes is not what is simulated. */
  function acknowledge(at: number): void {
    const isPromoting = rollout.phase.kind === "Promoting" && scenario.sessionsAfterPromotion !== undefined;
    if (rollout.phase.kind !== "Shifting" && !isPromoting) return;
    const of = { kind: rollout.phase.kind, since: rollout.phaseSince };
    rollout = advance(rollout, { type: "synced", at, of, propagation: NOT_MEASURED });
  }

  record({ type: "timePassed", at: 0 });
  const prepared: RolloutEvent = { type: "prepared", at: 0, references: scenario.references };
  record(prepared);
  let mismatchAfter: number | null = null;
  let board: GateBoard | null = foldEvidence(null, rollout, prepared)?.board ?? null;

  return {
    weight() {
      if (rollout.phase.kind !== "Baking" && rollout.phase.kind !== "Paused") return null;
      const { step } = rollout.phase;
      return { step, weight: (scenario.steps[step]?.weightBp ?? 0) / 10_000 };
    },
    bakes: (at) => (isJudgedAlone(rollout, at) ? stepAfter(rollout.plan) : null),
    take({ step, members, assigned }, at) {
      if (board === null) return;
      const readers = step === stepAfter(rollout.plan) ? promiseReadersOf(board) : readersOf(board);
      const block = { ...readBlock(members, step, readers), assigned };
      // The server judges a block, records that and then folds the record: the same board twice. Here once.
      board = observe(board, block);
      const judgement = judgeBoard(board, rollout);
      if (judgement.isSampleRatioMismatch) mismatchAfter ??= sessionsIn(board);
      record({ type: "blockJudged", at, block, judgement });
    },
    ages: board === null ? [] : agesOf(board),
    takeAtAge(reading, at) {
      if (board === null) return;
      board = observeAtAge(board, reading);
      record({ type: "landmarkJudged", at, reading, judgement: judgeBoard(board, rollout) });
    },
    tick: (at) => record({ type: "timePassed", at }),
    ending: () => ({ ...endingOf(rollout), mismatchAfter }),
  };
}

function sessionsIn({ sampleRatio }: GateBoard): number {
  return Object.values(sampleRatio.steps).reduce((sum, { baseline, canary }) => sum + baseline + canary, 0);
}

function endingOf({ phase, decision }: Rollout): Pick<Run, "end" | "culprits"> {
  if (phase.kind === "RollingBack") return { end: "rolled back", culprits: decision?.culprits ?? [] };
  const isPromoted = phase.kind === "Promoting" || phase.kind === "Succeeded";
  return { end: isPromoted ? "promoted" : "undecided", culprits: [] };
}

const NOT_MEASURED = { revision: { epoch: 1, sequence: 1 }, gateways: [] };
const [CURRENT, NEXT] = [
  { digest: digestOf("current"), version: "1.0.0" },
  { digest: digestOf("next"), version: "1.0.1" },
];

/** As long as its sessions last. */
const BAKES = {
  rollbackWindowMs: Number.MAX_SAFE_INTEGER,
  promotion: { requiresApproval: false, bakeTimeMs: Number.MAX_SAFE_INTEGER },
};

function appliedEvent({ gates, steps, ramp, sessionsAfterPromotion }: Scenario): Parameters<typeof startRollout>[0] {
  const agent = parseAgentName("simulated");
  return {
    type: "applied",
    at: 0,
    actor: "calibrate",
    rollout: parseRolloutId("simulated"),
    plan: {
      name: "simulated",
      labels: {},
      agent,
      release: { kind: "digest", agent, digest: NEXT.digest },
      baseline: { kind: "current" },
      seed: null,
      idleTimeoutMs: null,
      steps,
      ramp: ramp ?? null,
      windowMs: WINDOW_MS,
      consecutiveFailureLimit: 3,
      familyWiseErrorRate: 0.01,
      latenessMs: null,
      gates,
      isRollbackAutomatic: true,
      propagation: { deadlineMs: 2000, leaseMs: 15_000 },
      ...(sessionsAfterPromotion === undefined ? { rollbackWindowMs: 0 } : BAKES),
    },
    baseline: CURRENT,
    canary: NEXT,
    seed: "simulated",
    forcedBecause: "",
    isSynthetic: true,
  };
}
