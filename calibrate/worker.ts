// One thread of `calibrate`: simulates the runs of one scenario that are its share, and sends what became of them.
import { parentPort, workerData } from "node:worker_threads";
import { SCENARIOS } from "./all-scenarios.ts";
import { createRandom } from "./random.ts";
import { simulate } from "./simulate.ts";

export type Task = {
  readonly scenario: string;
  readonly runs: number;
  readonly seed: number;
  readonly first: number;
  readonly stride: number;
};

const { scenario: name, runs, seed, first, stride } = workerData as Task;
const scenario = SCENARIOS.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`found no scenario ${name}`);
const results = [];
for (let run = first; run < runs; run += stride) results.push(simulate(scenario, createRandom(seed, run)));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(results);
