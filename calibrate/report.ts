import type { Estimate, Figures, HarmFigures } from "./figures.ts";

export type Report = {
  readonly rollouts: number;
  readonly seed: number;
  readonly seconds: number;
  readonly scenarios: ReadonlyMap<string, Figures>;
};

/** What `--json` prints: the figures that are promised by themselves, null where their scenario was not run, and all others. */
export function reportOf({ rollouts, seed, seconds, scenarios }: Report): object {
  const valueOf = (name: string, figure: "rolledBack" | "promoted" | "ratioToOracle"): number | null =>
    scenarios.get(name)?.[figure]?.value ?? null;
  const ratios = (suffix: string): object => ({
    "8-22": valueOf(`8-22${suffix}`, "ratioToOracle"),
    "8-12": valueOf(`8-12${suffix}`, "ratioToOracle"),
  });
  return {
    aaFalseRollback: valueOf("aa-one-gate", "rolledBack"),
    aaFalseRollbackAllGates: valueOf("aa-all-gates", "rolledBack"),
    ratioToOracle: ratios(""),
    ratioToOracleEveryBlock: ratios("-every-block"),
    falsePromotionAtMargin: valueOf("at-margin", "promoted"),
    goodPromoted: valueOf("good", "promoted"),
    rollouts,
    seed,
    seconds,
    scenarios: Object.fromEntries(scenarios),
  };
}

/** A scenario's figures in one line for a person. */
export function lineOf(name: string, of: Figures): string {
  const { median, mean, p95 } = of.exposed;
  const exposure = [median, mean, p95].map((value) => value.toFixed(0).padStart(6)).join(" ");
  return [
    name.padEnd(34),
    `${String(of.runs).padStart(6)} runs`,
    `rolled back ${percent(of.rolledBack)}`,
    `promoted ${percent(of.promoted)}`,
    `exposed ${exposure}`,
    `${of.medianHours.toFixed(1).padStart(6)} h`,
    ...(of.ratioToOracle === null
      ? []
      : [
          `${of.ratioToOracle.value.toFixed(3)} ± ${of.ratioToOracle.se.toFixed(3)} × oracle (${of.oracleMean?.toFixed(1)})`,
        ]),
    ...(of.harm === null ? [] : [harmOf(of.harm)]),
    ...(of.naiveFired === null ? [] : [`misled rule ${percent(of.naiveFired)}`]),
    ...(of.mismatchAfterMedian === null
      ? []
      : [`split alarm ${percent(of.mismatched)} after ${of.mismatchAfterMedian} sessions`]),
  ].join("  ");
}

function harmOf({ mean, p95, worstHorizonMean, worstHorizonP95, overBudget }: HarmFigures): string {
  const [all, worst] = [
    [mean, p95],
    [worstHorizonMean, worstHorizonP95],
  ].map((figures) => figures.map((value) => value.toFixed(1)).join(" / "));
  const over = overBudget === null ? "" : `, over budget ${percent(overBudget)}`;
  return `harm ${all}, expected in the worst hour ${worst}${over}`;
}

function percent({ value, se }: Estimate): string {
  return `${(100 * value).toFixed(2).padStart(6)} ± ${(100 * se).toFixed(2)} %`;
}
