import { GateError } from "./error.ts";
import type { GateSpec } from "./gate-spec.ts";

/** What of a gate decides its share. `weight` is a share of the whole budget, 0..1; null leaves it to the default. */
export type BudgetClaim = Pick<GateSpec, "name" | "role" | "onFail"> & { readonly weight: number | null };

const MAIN_SHARE = 0.4;

/**
 * α_g of each gate by name, so that a gate rejects at E ≥ 1/α_g (`statistics.md` 3.9.4, split rule).
 *
 * The gates that can roll back share `familyWise` among themselves: P(any false rollback) ≤ familyWise under any
 * dependence. The first one listed is the main outcome and gets 0.4 (more if there are only one or two), the others equal
 * parts of the rest. The gates that can only pause share a budget of the same size, separately, because a false pause does
 * not undo a release. Muted gates decide nothing; each is reported against the whole budget.
 * Weights given explicitly win; gates without one share what is left. Throws `GateError` `budget_overspent`.
 */
export function splitErrorBudget(gates: readonly BudgetClaim[], familyWise: number): Readonly<Record<string, number>> {
  const canRollBack = (gate: BudgetClaim) => gate.role === "guardrail" && gate.onFail === "rollback";
  const pool = (members: readonly BudgetClaim[]) =>
    sharesOf(members).map(([name, share]): [string, number] => [name, share * familyWise]);
  return Object.fromEntries([
    ...pool(gates.filter(canRollBack)),
    ...pool(gates.filter((gate) => gate.role !== "muted" && !canRollBack(gate))),
    ...gates.filter((gate) => gate.role === "muted").map((gate): [string, number] => [gate.name, familyWise]),
  ]);
}

function sharesOf(gates: readonly BudgetClaim[]): readonly (readonly [string, number])[] {
  const claimed = gates.reduce((sum, gate) => sum + (gate.weight ?? 0), 0);
  const unclaimed = gates.filter((gate) => gate.weight === null);
  const left = 1 - claimed;
  if (
    left < -1e-9 ||
    (unclaimed.length > 0 && left < 1e-9) ||
    gates.some((gate) => gate.weight !== null && !(gate.weight > 0))
  ) {
    throw overspent(gates, claimed);
  }
  // With every weight left open the first gate is the main outcome; otherwise the open ones share the rest equally.
  const main =
    claimed === 0 ? Math.max(MAIN_SHARE, 1 / Math.max(1, unclaimed.length)) : left / Math.max(1, unclaimed.length);
  const other = (left - main) / Math.max(1, unclaimed.length - 1);
  return gates.map((gate) => [gate.name, gate.weight ?? (gate === unclaimed[0] ? main : other)]);
}

function overspent(gates: readonly BudgetClaim[], claimed: number): GateError {
  const list = gates.map((gate) => `${gate.name} ${gate.weight ?? "(none)"}`).join(", ");
  return new GateError({
    code: "budget_overspent",
    message: `found gate weights that sum to ${claimed} (${list}), expected positive shares of at most 1 in all`,
    hint: "weights share one error budget; leave room for the gates that name no weight",
  });
}
