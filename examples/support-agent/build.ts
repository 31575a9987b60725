import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { parse } from "yaml";
import { z } from "zod";

export type BuiltAgent = { readonly version: string; readonly directory: string };

const HERE = dirname(fileURLToPath(import.meta.url));
const RELEASES = join(HERE, "releases");
const packageVersion = z.object({ version: z.string() });
const namedVersion = z.object({ metadata: z.object({ version: z.string() }) });

/**
 * Writes one agent directory per version of `releases/` into `outDirectory`, ready for `perch release build`. They share
 * the program, the tools and `agent.yaml`, and differ in the system prompt. Same sources and lock file, same bytes.
 */
export async function buildAgentDirectories(outDirectory: string): Promise<readonly BuiltAgent[]> {
  const [program, frameworkVersion, versions] = await Promise.all([
    bundleProgram(),
    readFrameworkVersion(),
    listVersions(),
  ]);
  return Promise.all(
    versions.map(async (version) => {
      const directory = join(outDirectory, version);
      await rm(directory, { recursive: true, force: true });
      await cp(join(RELEASES, "common"), directory, { recursive: true });
      await cp(join(RELEASES, version), directory, { recursive: true });
      await fillIn(join(directory, "agent.yaml"), { version, frameworkVersion });
      await mkdir(join(directory, "orchestration"));
      await writeFile(join(directory, "orchestration", "agent.mjs"), program);
      return { version, directory };
    }),
  );
}

/** One ES module with every dependency inside, so that a release runs where there is no `node_modules`. */
async function bundleProgram(): Promise<string> {
  const bundle = await rolldown({
    cwd: HERE,
    input: "src/main.ts",
    platform: "node",
    // Messages are the only output of a build that people read; warnings of third-party code are not ours to fix.
    logLevel: "silent",
  });
  try {
    const { output } = await bundle.generate({ format: "esm", codeSplitting: false, minify: "dce-only" });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}

async function listVersions(): Promise<readonly string[]> {
  const entries = await readdir(RELEASES, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== "common")
    .map((entry) => entry.name)
    .sort();
}

async function readFrameworkVersion(): Promise<string> {
  const path = fileURLToPath(import.meta.resolve("ai/package.json"));
  return packageVersion.parse(JSON.parse(await readFile(path, "utf8"))).version;
}

async function fillIn(path: string, values: Readonly<Record<string, string>>): Promise<void> {
  const text = (await readFile(path, "utf8")).replace(/\{\{(\w+)\}\}/g, (mark, name: string) => values[name] ?? mark);
  // Parsed once, so that a broken template fails here and not in a later step.
  namedVersion.parse(parse(text));
  await writeFile(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { version, directory } of await buildAgentDirectories(process.argv[2] ?? join(HERE, "build"))) {
    process.stdout.write(`support@${version} ${directory}\n`);
  }
}
