import type { GateSpec } from "./gate-spec.ts";

/**
 * What makes no sense about a gate, one sentence each; empty when it is legal. Legal combinations:
 *
 * | of                                           | direction  | objective        |
 * |----------------------------------------------|------------|------------------|
 * | escalation-rate, error-rate, tool-error-rate | `increase` | none or `max`    |
 * | score.<name> (share of sessions ≥ 0.5)       | `decrease` | none or `min`    |
 *
 * Objectives lie in 0..1, the margin strictly between 0 and 1, and only a guardrail may have `onFail: rollback`.
 */
export function gateProblems(gate: Omit<GateSpec, "alpha">): readonly string[] {
  const problems: string[] = [];
  const isScore = gate.of.startsWith("score.");
  const direction = isScore ? "decrease" : "increase";
  if (isScore && gate.of.length === "score.".length)
    problems.push("of: found score. without a name, expected score.<name>");
  if (gate.direction !== direction) {
    problems.push(
      `direction: found ${gate.direction}, expected ${direction}, which is the bad direction of ${gate.of}`,
    );
  }
  problems.push(...objectiveProblems(gate, isScore ? "min" : "max"));
  if (!(gate.margin > 0 && gate.margin < 1)) {
    problems.push(`margin: found ${gate.margin}, expected a difference of rates above 0 and below 1, such as 0.04`);
  }
  if (gate.onFail === "rollback" && gate.role !== "guardrail") {
    problems.push(`onFail: found rollback on a ${gate.role}, expected pause; only a guardrail rolls back`);
  }
  return problems;
}

function objectiveProblems({ objective, of }: Omit<GateSpec, "alpha">, expected: "min" | "max"): readonly string[] {
  if (objective === null) return [];
  const [found, bound] = "max" in objective ? ["max", objective.max] : ["min", objective.min];
  const problems: string[] = [];
  if (found !== expected) problems.push(`objective: found ${found}, expected ${expected} for ${of}`);
  if (!(bound >= 0 && bound <= 1)) problems.push(`objective: found ${bound}, expected a rate from 0 to 1`);
  return problems;
}

/** The objective as the largest acceptable rate of bad sessions; null without one. */
export function largestBadRate(gate: GateSpec): number | null {
  if (gate.objective === null) return null;
  return "max" in gate.objective ? gate.objective.max : 1 - gate.objective.min;
}
