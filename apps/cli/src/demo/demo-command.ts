import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { RolloutView } from "@perch/api";
import { jsonOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { parsePort } from "../parse-port.ts";
import { stopSignal } from "../up/stop-signal.ts";
import { progressLine } from "./progress.ts";
import { runDemo, type Demo, type DemoOptions } from "./run-demo.ts";
import { planOf, type Scenario } from "./scenario.ts";
import { summaryOf } from "./summary.ts";

type DemoFlags = {
  scenario: Scenario;
  data?: string;
  port: number;
  gatewayPort: number;
  rate: number;
  seed: number;
  json?: boolean;
  exit?: boolean;
};

export function registerDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("play a release that looks good and is not, from build to rollback, with simulated customers")
    .addOption(
      new Option("--scenario <name>", "what is released").choices(["regression", "healthy"]).default("regression"),
    )
    .option("--data <dir>", "data directory, kept afterwards; default: a temporary one")
    .option("--port <port>", "the server's port; 0 for any", parsePort, 0)
    .option("--gateway-port <port>", "the gateway's port; 0 for any", parsePort, 0)
    .option("--rate <n>", "simulated sessions a second", parsePositive, 40)
    .option("--seed <n>", "of the customers and of the draw of the canary's sessions", parsePositive, 3)
    .addOption(jsonOption())
    .option("--exit", "end afterwards; exit code 0 only if the end came for the right reason")
    .action((flags: DemoFlags) => demo(flags));
}

async function demo(flags: DemoFlags): Promise<void> {
  let isStopped = false;
  const stopped = stopSignal().then(() => {
    isStopped = true;
  });
  const data = flags.data === undefined ? mkdtempSync(join(tmpdir(), "perch-demo-")) : resolve(flags.data);
  try {
    const played = await runDemo({ ...optionsOf(flags, data), stopped: () => isStopped });
    present(played, flags);
    if (flags.exit !== true && !isStopped) {
      printNote("Ctrl-C stops everything.");
      await stopped;
    }
    await played.stop();
    if (flags.exit === true && !played.result.isAsExpected) process.exitCode = 1;
  } finally {
    if (flags.data === undefined) rmSync(data, { recursive: true, force: true });
  }
}

function optionsOf(flags: DemoFlags, data: string): Omit<DemoOptions, "stopped"> {
  return {
    scenario: flags.scenario,
    data,
    isFreshData: !existsSync(join(data, "gateway")),
    port: flags.port,
    gatewayPort: flags.gatewayPort,
    rate: flags.rate,
    seed: flags.seed,
    onNote: printNote,
    onProgress: createProgressPrinter(),
  };
}

function present({ result }: Demo, flags: DemoFlags): void {
  if (flags.json === true) printJson(result);
  else printLine(`\n${summaryOf(result, planOf(flags.scenario).story)}\n`);
}

const PROGRESS_EVERY_MS = 2_000;

/** A line now and then: enough to watch, and readable in a log. */
function createProgressPrinter(): DemoOptions["onProgress"] {
  let lastAt = 0;
  let lastPhase = "";
  return (view: RolloutView, ratePerSecond: number) => {
    const phase = `${view.phase} ${view.weightBp}`;
    if (phase === lastPhase && Date.now() - lastAt < PROGRESS_EVERY_MS) return;
    lastAt = Date.now();
    lastPhase = phase;
    printNote(progressLine(view, ratePerSecond));
  };
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(`found ${JSON.stringify(text)}, expected a number above 0`);
}
