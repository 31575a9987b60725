import type { CohortMember, GateSpec, MaturedSession } from "@perch/domain";
import { digestOf, NO_MEASURES, parseAgentName, parseSessionId } from "@perch/domain";
import type { Outcome } from "./scenario.ts";

/** Matured sessions. Those that differ in nothing but whose they are and what they are bad for are made once. */
export type Outcomes = (member: Pick<CohortMember, "arm" | "assignedAt">, outcome: Outcome) => MaturedSession;

const BLANK = {
  sequence: 0,
  session: parseSessionId("simulated"),
  agent: parseAgentName("simulated"),
  rollout: null,
  step: null,
  startedAt: 0,
  endedAt: 0,
  maturedAt: 0,
  endedBy: "signal",
  turns: 1,
  failedTurns: 0,
  toolSequence: [],
  failedToolCalls: 0,
  isEscalated: false,
  inputTokens: 0,
  outputTokens: 0,
  meanSentiment: null,
  releasesSeen: [],
  isSynthetic: true,
  measures: NO_MEASURES,
} as const;

/** Bit i of an outcome says that the session is bad for gate i, which must then judge `escalation-rate` or `score.NAME`. */
export function createOutcomes(gates: readonly GateSpec[]): Outcomes {
  const needsTime = gates.some((gate) => "landmark" in gate && gate.landmark !== undefined);
  const table = new Map<number, MaturedSession>();
  const judged = (arm: CohortMember["arm"], bad: number): MaturedSession => {
    const key = bad * 2 + (arm === "canary" ? 1 : 0);
    const known = table.get(key);
    if (known !== undefined) return known;
    const session = { ...BLANK, arm, release: digestOf(arm), ...marksOf(gates, bad) };
    table.set(key, session);
    return session;
  };
  return ({ arm, assignedAt }, { bad, delayMs, measured }) => {
    const session = judged(arm, bad);
    if (measured === undefined && !needsTime) return session;
    const { costUsd = null, slowestTurnMs = null, tools = [] } = measured ?? {};
    return {
      ...session,
      startedAt: assignedAt,
      endedAt: assignedAt + delayMs,
      toolSequence: tools,
      measures: { ...NO_MEASURES, costUsd, slowestTurnMs },
    };
  };
}

function marksOf(gates: readonly GateSpec[], bad: number): Pick<MaturedSession, "isEscalated" | "scores"> {
  const isBad = (gate: GateSpec): boolean => ((bad >> gates.indexOf(gate)) & 1) === 1;
  return {
    isEscalated: gates.some((gate) => gate.of === "escalation-rate" && isBad(gate)),
    scores: Object.fromEntries(
      gates.flatMap((gate) =>
        gate.of.startsWith("score.") ? [[gate.of.slice("score.".length), isBad(gate) ? 0 : 1]] : [],
      ),
    ),
  };
}
