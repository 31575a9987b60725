import type { Harm } from "./harm.ts";
import type { Run } from "./scenario.ts";

/** A share or a ratio, with its standard error over the runs. */
export type Estimate = { readonly value: number; readonly se: number };

export type Figures = {
  readonly runs: number;
  readonly rolledBack: Estimate;
  readonly promoted: Estimate;
  /** Neither by the end: where harm was there to be found, the misses. */
  readonly undecided: Estimate;
  /** Canary sessions exposed until the run ended. */
  readonly exposed: { readonly median: number; readonly mean: number; readonly p95: number };
  readonly medianHours: number;
  /** Mean exposure over the oracle's mean on the same sessions; null without an oracle. */
  readonly ratioToOracle: Estimate | null;
  readonly oracleMean: number | null;
  /** Excess bad sessions of the canary until the run ended, and those to be expected in the worst hour; null where nothing says what is excess. */
  readonly harm: HarmFigures | null;
  /** Runs in which the rule that the scenario misleads acted at least once; null without one. */
  readonly naiveFired: Estimate | null;
  /** Runs with a sample-ratio alarm, and sessions of both arms by then. */
  readonly mismatched: Estimate;
  readonly mismatchAfterMedian: number | null;
};

export type HarmFigures = {
  readonly mean: number;
  readonly p95: number;
  readonly worstHorizonMean: number;
  readonly worstHorizonP95: number;
  /** Runs in which that was more than the harm budget; null without one. */
  readonly overBudget: Estimate | null;
};

export function figuresOf(runs: readonly Run[]): Figures {
  const exposed = inOrder(runs.map((run) => run.exposed));
  const oracle = runs.flatMap((run) => run.oracle ?? []);
  const naive = runs.flatMap((run) => run.hasNaiveFired ?? []);
  const alarms = inOrder(runs.flatMap((run) => run.mismatchAfter ?? []));
  return {
    runs: runs.length,
    rolledBack: share(runs.map((run) => run.end === "rolled back")),
    promoted: share(runs.map((run) => run.end === "promoted")),
    undecided: share(runs.map((run) => run.end === "undecided")),
    exposed: { median: at(exposed, 0.5), mean: mean(exposed), p95: at(exposed, 0.95) },
    medianHours: at(inOrder(runs.map((run) => run.afterMs)), 0.5) / 3_600_000,
    ratioToOracle: oracle.length === 0 ? null : ratio(runs.map((run) => [run.exposed, run.oracle ?? 0])),
    oracleMean: oracle.length === 0 ? null : mean(oracle),
    harm: harmOf(runs.flatMap((run) => run.harm ?? [])),
    naiveFired: naive.length === 0 ? null : share(naive),
    mismatched: share(runs.map((run) => run.mismatchAfter !== null)),
    mismatchAfterMedian: alarms.length === 0 ? null : at(alarms, 0.5),
  };
}

function harmOf(harms: readonly Harm[]): HarmFigures | null {
  if (harms.length === 0) return null;
  const totals = harms.map(({ total }) => total);
  const worst = harms.map(({ worstHorizon }) => worstHorizon);
  const over = harms.flatMap(({ isOverBudget }) => isOverBudget ?? []);
  return {
    mean: mean(totals),
    p95: at(inOrder(totals), 0.95),
    worstHorizonMean: mean(worst),
    worstHorizonP95: at(inOrder(worst), 0.95),
    overBudget: over.length === 0 ? null : share(over),
  };
}

function share(hits: readonly boolean[]): Estimate {
  const value = hits.filter(Boolean).length / hits.length;
  return { value, se: Math.sqrt((value * (1 - value)) / hits.length) };
}

/** Ratio of two means of paired values; its standard error by linearisation (Cochran 1977, 2.11). */
function ratio(pairs: readonly (readonly [number, number])[]): Estimate {
  const below = mean(pairs.map(([, y]) => y));
  const value = mean(pairs.map(([x]) => x)) / below;
  const squares = mean(pairs.map(([x, y]) => (x - value * y) ** 2));
  return { value, se: Math.sqrt(squares / pairs.length) / below };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function inOrder(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

function at(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0;
}
