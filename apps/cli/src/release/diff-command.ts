import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { createReleaseContentSource, readReleaseContent } from "@perch/adapters/release-artifact";
import {
  DEFAULT_LIMITS,
  describeDiff,
  diffReleases,
  NO_LIMITS,
  type BuiltRelease,
  type ReleaseContent,
} from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { buildInMemory } from "./build-from-directory.ts";
import { colouredLine } from "./diff-colours.ts";
import { onStore, referenceOf, registryOf, type ReleaseFlags } from "./release-store.ts";

type Flags = ReleaseFlags & {
  readonly color: boolean;
  readonly full?: boolean;
  readonly exitCode?: boolean;
};

export function registerDiffCommand(release: Command): void {
  onStore(release.command("diff"))
    .description("say what changed between two releases, and whom it breaks")
    .argument("<from>", "agent@version, agent@sha256:…, agent:pointer, or a directory that holds agent.yaml")
    .argument("<to>", "the same")
    .addOption(serverOption())
    .option("--full", "show every changed line and file")
    .option("--exit-code", "exit with 1 if there are differences")
    .option("--no-color", "no colours; they are used on a terminal only")
    .action(run);
}

async function run(from: string, to: string, flags: Flags): Promise<void> {
  const before = await read(from, flags);
  const after = await read(to, flags);
  const diff = diffReleases(before, after, flags.full === true ? NO_LIMITS : DEFAULT_LIMITS);
  const isColoured = flags.color && process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
  if (flags.json === true) printJson(diff);
  else
    printLine(
      describeDiff(diff)
        .map((line) => (isColoured ? colouredLine(line) : line.text))
        .join("\n"),
    );
  if (flags.exitCode === true && diff.components.length + diff.orders.length > 0) process.exitCode = 1;
}

async function read(text: string, flags: Flags): Promise<ReleaseContent> {
  const isReference = /^[^/@:]+[@:][^/]+$/.test(text);
  if (!isReference && (await isDirectory(text))) return readReleaseContent(componentsOf(await buildInMemory(text)));
  if (isReference) return createReleaseContentSource(registryOf(flags)).read(await referenceOf(text, flags));
  throw new CliError({
    code: "input_invalid",
    message: `found ${JSON.stringify(text.slice(0, 200))}, expected agent@version, agent@sha256:…, agent:pointer or a directory with an agent.yaml`,
    hint: "`perch release list` shows every release; a directory whose name holds an @ is written as ./NAME/",
  });
}

async function isDirectory(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => null);
  return status?.isDirectory() === true;
}

function componentsOf({ digest, manifest, blobs }: BuiltRelease): Parameters<typeof readReleaseContent>[0] {
  const components = manifest.components.flatMap((component) => {
    const bytes = blobs.get(component.digest);
    return bytes === undefined ? [] : [{ component, bytes }];
  });
  return { digest, manifest, components };
}
