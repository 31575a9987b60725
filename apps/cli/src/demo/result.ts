import type { GateView, RolloutView } from "@perch/api";
import type { CustomerTotals } from "./customers.ts";
import type { Scenario } from "./scenario.ts";

/** What `perch demo --json` prints. Rates are of bad sessions, 0..1; `rollbackMs` is decision to last acknowledgement. */
export type DemoResult = {
  readonly outcome: "rolledBack" | "promoted" | "undecided";
  readonly scenario: Scenario;
  readonly isAsExpected: boolean;
  readonly rollout: string;
  readonly culprits: readonly string[];
  readonly sessions: { readonly baseline: number; readonly canary: number };
  readonly rates: {
    readonly baseline: Readonly<Record<string, number | null>>;
    readonly canary: Readonly<Record<string, number | null>>;
  };
  readonly evidence: readonly {
    readonly gate: string;
    readonly verdict: GateView["verdict"];
    /** Now, and when a rollback was decided: sessions that finish later may weigh less. */
    readonly logE: number;
    readonly logEAtDecision: number | null;
    readonly rejectAtLogE: number;
    readonly probabilityWorse: number | null;
    readonly oddsRatio: { readonly low: number; readonly high: number } | null;
    readonly nonInferior: boolean;
  }[];
  readonly sentiment: { readonly baseline: number | null; readonly canary: number | null };
  readonly canarySessionsAtDecision: number | null;
  readonly canarySessionsExposed: number;
  /** Sessions that saw two releases, by the gateway's records and by what the customers saw: the larger of the two. */
  readonly switchedSessions: number;
  readonly rollbackMs: number | null;
  readonly secondsInRollout: number;
  readonly customers: CustomerTotals;
  readonly restarts: { readonly server: number; readonly gateway: number };
  readonly isSimulated: true;
  readonly consoleUrl: string;
};

export function toResult(input: {
  scenario: Scenario;
  rollout: RolloutView;
  customers: CustomerTotals;
  restarts: DemoResult["restarts"];
  consoleUrl: string;
}): DemoResult {
  const { scenario, rollout, customers } = input;
  const outcome = outcomeOf(rollout);
  return {
    outcome,
    scenario,
    isAsExpected: isAsExpected(scenario, outcome, rollout.culprits),
    rollout: rollout.id,
    culprits: rollout.culprits,
    sessions: { baseline: rollout.arms.baseline.sessions, canary: rollout.arms.canary.sessions },
    rates: {
      baseline: Object.fromEntries(rollout.gates.map((gate) => [gate.name, gate.baseline.rate])),
      canary: Object.fromEntries(rollout.gates.map((gate) => [gate.name, gate.canary.rate])),
    },
    evidence: rollout.gates.map((gate) => ({
      gate: gate.name,
      verdict: gate.verdict,
      logE: gate.logE,
      logEAtDecision: rollout.evidenceAtDecision?.[gate.name] ?? null,
      rejectAtLogE: gate.rejectAtLogE,
      probabilityWorse: gate.probabilityWorse,
      oddsRatio: gate.oddsRatio,
      nonInferior: gate.nonInferiority.isMet,
    })),
    sentiment: {
      baseline: rollout.arms.baseline.meanSentiment,
      canary: rollout.arms.canary.meanSentiment,
    },
    canarySessionsAtDecision: rollout.canarySessionsAtDecision,
    canarySessionsExposed: rollout.canarySessionsExposed,
    switchedSessions: Math.max(rollout.switchedSessions, customers.switchedSessions),
    rollbackMs: outcome === "rolledBack" ? decisionToLastAck(rollout) : null,
    secondsInRollout: ((rollout.endedAt ?? rollout.phaseSince) - rollout.appliedAt) / 1000,
    customers,
    restarts: input.restarts,
    isSimulated: true,
    consoleUrl: input.consoleUrl,
  };
}

function outcomeOf(rollout: RolloutView): DemoResult["outcome"] {
  if (rollout.phase === "RolledBack") return "rolledBack";
  return rollout.phase === "Succeeded" ? "promoted" : "undecided";
}

/** The right end for the right reason: a rollback on anything but `escalation-rate` is not the story. */
function isAsExpected(scenario: Scenario, outcome: DemoResult["outcome"], culprits: readonly string[]): boolean {
  if (scenario === "healthy") return outcome === "promoted";
  return outcome === "rolledBack" && culprits.length === 1 && culprits[0] === "escalation-rate";
}

function decisionToLastAck(rollout: RolloutView): number | null {
  const propagation = rollout.propagation;
  if (propagation === null || propagation.lastAckAt === null) return null;
  return propagation.lastAckAt - propagation.decidedAt;
}
