// `npm run fuzz -- [--inputs 100000] [--seed 1] [--target NAME]`: mutated inputs for every parser of bytes from outside.
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { TARGETS } from "./targets.ts";
import type { Done, Task } from "./worker.ts";

// Far above what one input may take of the processor, since other processes may have it.
const HANG_MS = 20_000;

const { values } = parseArgs({
  options: { inputs: { type: "string" }, seed: { type: "string" }, target: { type: "string" } },
});
const inputs = wholeNumber(values.inputs ?? "100000", "--inputs");
const seed = wholeNumber(values.seed ?? "1", "--seed");
const names = TARGETS.map(({ name }) => name).filter((name) => values.target === undefined || name === values.target);
if (names.length === 0)
  fail(`found no target ${values.target ?? ""}, expected one of ${TARGETS.map(({ name }) => name).join(", ")}`);

const started = Date.now();
const share = Math.ceil(inputs / names.length);
const done: Done[] = [];
while (done.length < names.length) {
  done.push(...(await runUntilHang(names.slice(done.length))));
}
const crashes = done.flatMap((target) => target.crashes);
const targets = Object.fromEntries(done.map(({ target, read, refused }) => [target, { inputs: share, read, refused }]));
const report = { seed, inputs: share * names.length, durationMs: Date.now() - started, targets, crashes };
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = crashes.length === 0 ? 0 : 1;

/** The parsers one after the other in a thread of their own, which is ended when one does not come back. */
async function runUntilHang(remaining: readonly string[]): Promise<readonly Done[]> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const task: Task = { targets: remaining, inputs: share, seed, progress };
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: task });
  const watch = watchProgress(progress);
  const finished: Done[] = [];
  const failed = new Promise<string>((resolve) => {
    worker.on("message", (message: Done) => {
      finished.push(message);
      if (finished.length === remaining.length) resolve("");
    });
    worker.once("error", (error) => resolve(String(error)));
  });
  try {
    const problem = await Promise.race([failed, watch.hung]);
    return problem === "" ? finished : [...finished, lostAt(remaining[finished.length] ?? "", problem, progress)];
  } finally {
    watch.stop();
    await worker.terminate();
  }
}

function lostAt(target: string, problem: string, progress: Int32Array): Done {
  const index = Atomics.load(progress, 0);
  return { target, read: 0, refused: 0, crashes: [{ target, index, problem, input: "" }] };
}

function watchProgress(progress: Int32Array): { readonly hung: Promise<string>; readonly stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let last = { index: -1, since: Date.now() };
  const timer = setInterval(() => {
    const index = Atomics.load(progress, 0);
    if (index !== last.index) last = { index, since: Date.now() };
    else if (Date.now() - last.since > HANG_MS) resolve(`it did not come back within ${HANG_MS} ms`);
  }, 200);
  return { hung: promise, stop: () => clearInterval(timer) };
}

function wholeNumber(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  fail(`found ${JSON.stringify(text)} for ${option}, expected a whole number`);
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}
