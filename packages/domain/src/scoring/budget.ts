/** What a scorer may use up within any hour and any day. Null: no bound. */
export type Budget = {
  readonly callsPerHour: number | null;
  readonly callsPerDay: number | null;
  readonly usdPerHour: number | null;
  readonly usdPerDay: number | null;
  /** Set aside for a call before it is made; what the judge then says that it cost takes its place. */
  readonly usdPerCall: number;
};

export type Spent = { readonly calls: number; readonly usd: number };

/** The bound that one more call would break, in words; null when there is room for it. */
export function exhausted(budget: Budget, lastHour: Spent, lastDay: Spent): string | null {
  const usd = (spent: Spent): number => spent.usd + budget.usdPerCall;
  if (isOver(lastHour.calls + 1, budget.callsPerHour)) return `${budget.callsPerHour} calls an hour`;
  if (isOver(lastDay.calls + 1, budget.callsPerDay)) return `${budget.callsPerDay} calls a day`;
  if (isOver(usd(lastHour), budget.usdPerHour)) return `${budget.usdPerHour} USD an hour`;
  if (isOver(usd(lastDay), budget.usdPerDay)) return `${budget.usdPerDay} USD a day`;
  return null;
}

// A sum of fractions may miss its bound by a rounding.
const ROUNDING = 1e-9;

function isOver(used: number, bound: number | null): boolean {
  return bound !== null && used > bound + ROUNDING;
}
