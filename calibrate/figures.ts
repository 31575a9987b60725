import type { Run } from "./scenario.ts";

export type Figures = {
  readonly runs: number;
  readonly rolledBack: number;
  readonly promoted: number;
  readonly undecided: number;
  /** Canary sessions exposed until the run ended. */
  readonly exposed: { readonly median: number; readonly mean: number; readonly p95: number };
  readonly medianHours: number;
  /** Mean exposure over the oracle's mean on the same sessions; null without an oracle. */
  readonly ratioToOracle: number | null;
  readonly oracleMean: number | null;
};

export function figuresOf(runs: readonly Run[]): Figures {
  const exposed = runs.map((run) => run.exposed).toSorted((a, b) => a - b);
  const oracle = runs.flatMap((run) => run.oracle ?? []);
  const share = (end: Run["end"]): number => runs.filter((run) => run.end === end).length / runs.length;
  const oracleMean = oracle.length === 0 ? null : mean(oracle);
  return {
    runs: runs.length,
    rolledBack: share("rolled back"),
    promoted: share("promoted"),
    undecided: share("undecided"),
    exposed: { median: at(exposed, 0.5), mean: mean(exposed), p95: at(exposed, 0.95) },
    medianHours:
      at(
        runs.map((run) => run.afterMs).toSorted((a, b) => a - b),
        0.5,
      ) / 3_600_000,
    ratioToOracle: oracleMean === null ? null : mean(exposed) / oracleMean,
    oracleMean,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function at(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}
