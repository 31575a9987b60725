// Build, push and verify of a release of 200 files as its user runs them, beside `skopeo copy` of the same bytes.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findProgram, startDockerRegistry } from "@perch/testkit/servers";
import { median, rounded, timeCommand } from "./timing.ts";

const PERCH = fileURLToPath(import.meta.resolve("@perch/cli/package.json").replace("package.json", "bin/perch.js"));
const PROMPTS = 60;
const TOOLS = 60;
const PROGRAM_FILES = 79;
const FILE_BYTES = 16_384;

type Figures = Record<"buildMs" | "pushMs" | "pushAgainMs" | "verifyMs" | "skopeoPushMs" | "skopeoPullMs", number>;

/** Each round has registries of its own, so that nothing is there already and no cache helps either side. */
export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({ args: [...flags], options: { rounds: { type: "string", default: "5" } } });
  const skopeo = findProgram("skopeo");
  if (skopeo === null) throw new Error("found no skopeo on the PATH, expected the peer of this benchmark");
  const scratch = await mkdtemp(join(tmpdir(), "perch-bench-"));
  try {
    await writeAgent(join(scratch, "agent"));
    const rounds: Figures[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      rounds.push(await oneRound(join(scratch, `round-${round}`), join(scratch, "agent"), skopeo));
    }
    const startMs = median(await startTimes(scratch));
    return summary(rounds, startMs);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function summary(rounds: readonly Figures[], startMs: number): unknown {
  const of = (name: keyof Figures): number => rounded(median(rounds.map((round) => round[name])));
  const figures = Object.fromEntries(
    (Object.keys(rounds[0] ?? {}) as (keyof Figures)[]).map((name) => [name, of(name)]),
  );
  return {
    bench: "release",
    files: 1 + PROMPTS + TOOLS + PROGRAM_FILES,
    blobs: PROMPTS + TOOLS + 4,
    rounds: rounds.length,
    ...figures,
    /** What every command of perch takes before it does anything. */
    perchStartMs: rounded(startMs),
    pushRatioToSkopeo: rounded(of("pushMs") / of("skopeoPushMs"), 2),
    verifyRatioToSkopeoPull: rounded(of("verifyMs") / of("skopeoPullMs"), 2),
  };
}

async function startTimes(cwd: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) times.push(await perch(cwd, ["--version"]));
  return times;
}

async function oneRound(directory: string, agent: string, skopeo: string): Promise<Figures> {
  await mkdir(directory, { recursive: true });
  const buildMs = await perch(directory, ["release", "build", agent]);
  await perch(directory, ["key", "generate", "--out", "keys/"]);
  await perch(directory, ["release", "sign", "bench@1.0.0", "--key", "keys/perch.key"]);
  const [ours, theirs] = await Promise.all([startDockerRegistry(), startDockerRegistry()]);
  try {
    const target = `oci://${ours.host}/acme`;
    const push = ["release", "push", "bench@1.0.0", "--to", target];
    const pushMs = await perch(directory, push);
    const pushAgainMs = await perch(directory, push);
    const verify = ["release", "verify", "bench@1.0.0", "--registry", target, "--key", "keys/perch.pub"];
    const verifyMs = await perch(directory, verify);
    const copy = (from: string, to: string): Promise<number> =>
      timeCommand({
        program: skopeo,
        args: ["copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", from, to],
        cwd: directory,
      });
    const remote = `docker://${theirs.host}/acme/bench:1.0.0`;
    const skopeoPushMs = await copy("oci:.perch/registry:bench-1.0.0", remote);
    const skopeoPullMs = await copy(remote, "oci:pulled:bench-1.0.0");
    return { buildMs, pushMs, pushAgainMs, verifyMs, skopeoPushMs, skopeoPullMs };
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

function perch(cwd: string, args: readonly string[]): Promise<number> {
  return timeCommand({ program: process.execPath, args: [PERCH, ...args], cwd });
}

/** agent.yaml and 199 files: prompts and tools, a blob each, and a program of 79 files. */
async function writeAgent(directory: string): Promise<void> {
  const files = new Map<string, string>();
  const prompts = Array.from({ length: PROMPTS }, (_, index) => {
    files.set(`prompts/p${index}.md`, filler(`prompt ${index}`));
    return { name: `p${index}`, role: index === 0 ? "system" : "task", file: `prompts/p${index}.md` };
  });
  const tools = Array.from({ length: TOOLS }, (_, index) => {
    const parameters = { type: "object", description: filler(`tool ${index}`), properties: { id: { type: "string" } } };
    files.set(`tools/t${index}.json`, JSON.stringify(parameters));
    const common = { description: `Does job ${index}.`, effect: "read" };
    return { name: `t${index}`, ...common, parameters: { file: `tools/t${index}.json` } };
  });
  files.set("app/main.mjs", "process.exitCode = 0;\n");
  for (let index = 1; index < PROGRAM_FILES; index += 1) {
    files.set(`app/lib/part-${index}.mjs`, `// ${filler(`part ${index}`)}\n`);
  }
  const spec = {
    model: { provider: "openai", name: "small-1" },
    prompts,
    tools,
    orchestration: { directory: "app", entrypoint: "main.mjs", framework: { name: "none", version: "1" } },
    policy: { escalationTools: [], successTools: [] },
  };
  const metadata = { name: "bench", version: "1.0.0" };
  // JSON is YAML.
  files.set("agent.yaml", JSON.stringify({ apiVersion: "perch.dev/v1", kind: "Agent", metadata, spec }, null, 2));
  for (const [path, text] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

/** Text that differs from file to file and does not compress to nothing. */
function filler(seed: string): string {
  let state = Buffer.from(seed).reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7);
  let text = seed;
  while (text.length < FILE_BYTES) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += ` ${state.toString(36)}`;
  }
  return text;
}
