import { parentPort, workerData } from "node:worker_threads";
import { makeInput } from "./mutate.ts";
import { createRandom } from "./random.ts";
import { TARGETS } from "./targets.ts";
import { tryInput } from "./try-input.ts";

export type Task = {
  readonly targets: readonly string[];
  /** For each of them. */
  readonly inputs: number;
  readonly seed: number;
  /** How far it is, for whoever watches over it. */
  readonly progress: Int32Array<SharedArrayBuffer>;
};
export type Crash = {
  readonly target: string;
  readonly index: number;
  readonly problem: string;
  /** In base64; empty when the input was never left. */
  readonly input: string;
};
export type Done = {
  readonly target: string;
  readonly read: number;
  readonly refused: number;
  readonly crashes: readonly Crash[];
};

const MAX_CRASHES = 20;

async function runTarget(name: string, { inputs, seed, progress }: Task): Promise<Done> {
  const target = TARGETS.find((known) => known.name === name);
  if (target === undefined) throw new Error(`found no target ${name}`);
  const counts = { read: 0, refused: 0 };
  const crashes: Crash[] = [];
  for (let index = 0; index < inputs && crashes.length < MAX_CRASHES; index += 1) {
    Atomics.store(progress, 0, index);
    const random = createRandom(`${seed}:${name}:${index}`);
    const made = makeInput(target.seeds, random);
    const input = target.repair !== undefined && random(2) === 0 ? target.repair(made) : made;
    const tried = await tryInput(target, input);
    if (typeof tried === "string") counts[tried] += 1;
    else crashes.push({ target: name, index, problem: tried.crash, input: input.toString("base64") });
  }
  return { target: name, ...counts, crashes };
}

const task = workerData as Task;
for (const target of task.targets) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
  parentPort?.postMessage(await runTarget(target, task));
}
