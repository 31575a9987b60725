import type { DemoResult } from "./result.ts";

/** The end of the story in a person's words. */
export function summaryOf(result: DemoResult, story: string): string {
  return [
    headline(result),
    "",
    `  ${story}`,
    `  The customers and the model are simulated; everything between them is Perch, for real.`,
    "",
    ...evidenceTable(result),
    "",
    ...consequences(result),
    "",
    `  Console: ${result.consoleUrl}`,
  ].join("\n");
}

function headline(result: DemoResult): string {
  const seconds = `${Math.round(result.secondsInRollout)} s`;
  switch (result.outcome) {
    case "rolledBack":
      return `ROLLED BACK on ${result.culprits.join(" and ")} after ${seconds}`;
    case "promoted":
      return `PROMOTED to 100 % after ${seconds}`;
    case "undecided":
      return `UNDECIDED after ${seconds}: the rollout still holds`;
  }
}

function evidenceTable(result: DemoResult): string[] {
  const rows = result.evidence.map((gate) => [
    gate.gate,
    percent(result.rates.baseline[gate.gate]),
    percent(result.rates.canary[gate.gate]),
    odds(gate.logEAtDecision ?? gate.logE),
    `1:${round(Math.exp(gate.rejectAtLogE))}`,
    percent(gate.probabilityWorse),
    gate.verdict,
  ]);
  const header = ["gate", "baseline", "canary", "evidence of harm", "rolls back at", "P(worse)", "verdict"];
  return [
    `  ${result.sessions.baseline} baseline and ${result.sessions.canary} canary sessions`,
    "",
    ...table([header, ...rows]),
    "",
    `  Customers' sentiment: baseline ${signed(result.sentiment.baseline)}, canary ${signed(result.sentiment.canary)}${sentimentRemark(result)}`,
  ];
}

function sentimentRemark({ sentiment, outcome }: DemoResult): string {
  const { baseline, canary } = sentiment;
  if (baseline === null || canary === null || outcome !== "rolledBack" || canary <= baseline) return "";
  return ". By sentiment alone the canary looked better";
}

function consequences(result: DemoResult): string[] {
  const switched = `  ${result.switchedSessions} sessions saw two releases`;
  if (result.outcome !== "rolledBack") return [switched];
  return [
    `  ${result.canarySessionsExposed} customers met the canary; ${result.canarySessionsAtDecision ?? "?"} finished conversations were enough to decide`,
    `  ${result.rollbackMs === null ? "?" : round(result.rollbackMs, 1)} ms from the decision to the last gateway's acknowledgement`,
    switched,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd());
}

function percent(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? "–" : `${(rate * 100).toFixed(1)} %`;
}

/** An e-value as betting odds; below 1 it speaks for the canary. */
export function odds(logE: number): string {
  return logE < 0 ? `${round(Math.exp(-logE), 1)}:1 against` : `1:${round(Math.exp(logE))}`;
}

function signed(value: number | null): string {
  return value === null ? "–" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function round(value: number, digits = 0): string {
  return value >= 1e6 ? value.toExponential(1) : value.toFixed(digits);
}
