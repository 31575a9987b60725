// `npm run calibrate`: simulates rollouts through the real gates and prints how often they are right, and how soon.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { SCENARIOS } from "./all-scenarios.ts";
import { figuresOf, type Figures } from "./figures.ts";
import { lineOf, reportOf } from "./report.ts";
import type { Run } from "./scenario.ts";
import type { Task } from "./worker.ts";

/** False rollbacks are rare and need all runs, a ratio of means many; figures of some per cent are clear with a tenth. */
const SHARE_OF_RUNS: Readonly<Record<string, number>> = {
  "aa-one-gate": 1,
  "aa-all-gates": 1,
  "8-22": 0.5,
  "8-22-every-block": 0.5,
  "8-12": 0.2,
  "8-12-every-block": 0.2,
};
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
const scenarios = new Map<string, Figures>();
for (const name of values.scenario ?? names) {
  const runs = Math.max(1, Math.ceil(rollouts * (SHARE_OF_RUNS[name] ?? OTHER_SHARE)));
  const figures = figuresOf(await simulateAll(name, runs));
  scenarios.set(name, figures);
  process.stderr.write(`${lineOf(name, figures)}\n`);
}
if (values.json === true) {
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(`${JSON.stringify(reportOf({ rollouts, seed, seconds, scenarios }))}\n`);
}

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

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) fail(`found ${flag} ${text}, expected a whole number from 1`);
  return value;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
