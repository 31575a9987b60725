// `npm run calibrate -- [--rollouts 10000] [--seed 1] [--scenario NAME] [--json]`: simulated rollouts through the real gate
// engine. Prints false rollbacks, misses, false promotions and exposure beside Wald's oracle.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { figuresOf, type Figures } from "./figures.ts";
import type { Run } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Task } from "./worker.ts";

/** Scenarios in which a figure of a few per cent is counted get a part of the runs; false rollbacks need them all. */
const SHARE_OF_RUNS: Readonly<Record<string, number>> = { "aa-one-gate": 1, "aa-all-gates": 1 };
const OTHER_SHARE = 0.1;

const { values } = parseArgs({
  options: {
    rollouts: { type: "string" },
    seed: { type: "string" },
    scenario: { type: "string", multiple: true },
    json: { type: "boolean" },
  },
});
const rollouts = wholeNumber(values.rollouts ?? "10000", "--rollouts");
const seed = wholeNumber(values.seed ?? "1", "--seed");
const names = SCENARIOS.map(({ name }) => name);
const unknown = values.scenario?.find((name) => !names.includes(name));
if (unknown !== undefined) fail(`found no scenario ${unknown}, expected one of ${names.join(", ")}`);

const started = Date.now();
const figures = new Map<string, Figures>();
for (const name of values.scenario ?? names) {
  const runs = Math.max(1, Math.ceil(rollouts * (SHARE_OF_RUNS[name] ?? OTHER_SHARE)));
  figures.set(name, figuresOf(await simulateAll(name, runs)));
  process.stderr.write(`${line(name, figures.get(name))}\n`);
}
if (values.json === true) process.stdout.write(`${JSON.stringify(report())}\n`);

/** One thread a core; a run's numbers depend on its index alone. */
async function simulateAll(scenario: string, runs: number): Promise<readonly Run[]> {
  const stride = availableParallelism();
  const parts = Array.from({ length: Math.min(stride, runs) }, (_, first) =>
    simulateIn({ scenario, runs, seed, first, stride }),
  );
  return (await Promise.all(parts)).flat();
}

function simulateIn(task: Task): Promise<readonly Run[]> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

function report(): object {
  const of = (name: string, figure: "rolledBack" | "promoted" | "ratioToOracle"): number | null =>
    figures.get(name)?.[figure] ?? null;
  return {
    aaFalseRollback: of("aa-one-gate", "rolledBack"),
    aaFalseRollbackAllGates: of("aa-all-gates", "rolledBack"),
    ratioToOracle: { "8-22": of("8-22", "ratioToOracle"), "8-12": of("8-12", "ratioToOracle") },
    ratioToOracleEveryBlock: {
      "8-22": of("8-22-every-block", "ratioToOracle"),
      "8-12": of("8-12-every-block", "ratioToOracle"),
    },
    falsePromotionAtMargin: of("at-margin", "promoted"),
    goodPromoted: of("good", "promoted"),
    rollouts,
    seed,
    seconds: Math.round((Date.now() - started) / 1000),
    scenarios: Object.fromEntries(figures),
  };
}

function line(name: string, of: Figures | undefined): string {
  if (of === undefined) return name;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`.padStart(9);
  const { median, mean, p95 } = of.exposed;
  const exposure = [median, mean, p95].map((value) => value.toFixed(0).padStart(6)).join(" ");
  const ratio =
    of.ratioToOracle === null ? "" : `  ${of.ratioToOracle.toFixed(3)} × oracle (${of.oracleMean?.toFixed(1)})`;
  return `${name.padEnd(28)} ${String(of.runs).padStart(6)} runs  rolled back ${percent(of.rolledBack)}  promoted ${percent(of.promoted)}  exposed ${exposure}  ${of.medianHours.toFixed(1).padStart(6)} h${ratio}`;
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) fail(`found ${flag} ${text}, expected a whole number from 1`);
  return value;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
