import type { GateView, RolloutView } from "@perch/api";
import { odds } from "./summary.ts";

/** One line of live progress: where the rollout stands, and what the gate nearest to a decision says. */
export function progressLine(rollout: RolloutView, ratePerSecond: number): string {
  const weight = `${(rollout.weightBp / 100).toFixed(0).padStart(3)} %`;
  const arms = `${rollout.arms.baseline.matured} baseline, ${rollout.arms.canary.matured} canary sessions`;
  const gate = mostTelling(rollout.gates);
  const evidence = gate === null ? "" : `  ${gate.name} ${rateOf(gate.baseline.rate)} → ${rateOf(gate.canary.rate)}`;
  const bar = gate === null ? "" : `  ${evidenceBar(gate.logE, gate.rejectAtLogE)} ${odds(gate.logE)}`;
  return `${rollout.phase.padEnd(11)} ${weight}  ${arms}${evidence}${bar}  (${ratePerSecond.toFixed(0)} sessions/s)`;
}

function mostTelling(gates: readonly GateView[]): GateView | null {
  const guardrails = gates.filter((gate) => gate.role === "guardrail");
  return guardrails.toSorted((a, b) => b.logE / b.rejectAtLogE - a.logE / a.rejectAtLogE)[0] ?? null;
}

const BAR_CELLS = 16;

/** Filled up to the point where the gate rejects. */
export function evidenceBar(logE: number, rejectAtLogE: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, logE / rejectAtLogE)) * BAR_CELLS);
  return `[${"█".repeat(filled)}${"·".repeat(BAR_CELLS - filled)}]`;
}

function rateOf(rate: number | null): string {
  return rate === null ? "–" : `${(rate * 100).toFixed(1)} %`;
}
