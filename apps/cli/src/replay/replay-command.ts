import type { Command } from "commander";
import { jsonOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import type { PairResult } from "./replay-pair.ts";
import { runReplay } from "./run-replay.ts";

type ReplayFlags = { pairs: string; data: string; pair?: string; json?: boolean };

export function registerReplayCommand(program: Command): void {
  program
    .command("replay")
    .description("send recorded sessions through collector, store and gates, and tell what would have been decided")
    .requiredOption("--pairs <file>", "JSON file of baseline and canary pairs")
    .requiredOption("--data <dir>", "directory of the recordings (*.jsonl, *.jsonl.gz)")
    .option("--pair <id>", "only this pair")
    .addOption(jsonOption())
    .action((flags: ReplayFlags) => replay(flags));
}

async function replay(flags: ReplayFlags): Promise<void> {
  const pairs = await runReplay({
    pairsFile: flags.pairs,
    recordings: flags.data,
    pair: flags.pair ?? null,
    onResult: (result) => {
      if (flags.json === true) printNote(`${result.id}: ${result.decision}`);
      else printLine(describe(result));
    },
  });
  if (flags.json === true) printJson({ pairs });
  else printLine("The clocks of these sessions are made up; their outcomes are as recorded.");
}

const WORDS = { rollback: "ROLL BACK", promote: "PROMOTE", hold: "HOLD" } as const;

function describe(result: PairResult): string {
  const { baseline, canary } = result.sessions;
  const because = result.culprits.length === 0 ? "" : ` on ${result.culprits.join(" and ")}`;
  const when = result.decision === "hold" ? "no decision" : `after ${result.canarySessions} canary sessions`;
  return [
    `${result.id}  ${WORDS[result.decision]}${because}  (${when}; ${baseline} baseline, ${canary} canary sessions)`,
    ...(result.knownAnswer === null ? [] : [`    known answer: ${result.knownAnswer}`]),
    ...result.gates.flatMap((gate) => [
      `    ${gate.name.padEnd(16)} ${rate(gate.baseline.rate)} → ${rate(gate.canary.rate)}  ${gate.verdict.padEnd(12)} ${gate.explanation}`,
      ...gate.findings.filter(({ isEstablished }) => isEstablished).map(({ sentence }) => `        ${sentence}`),
    ]),
    "",
  ].join("\n");
}

function rate(value: number | null): string {
  return value === null ? "    –  " : `${(value * 100).toFixed(1).padStart(5)} %`;
}
