import type { Command } from "commander";
import { copyRelease } from "@perch/adapters/release-artifact";
import { fullLocation, openRegistry } from "@perch/adapters/release-registry";
import { DEFAULT_DATA, LOCATION } from "../options.ts";
import { describeCopied } from "./describe-release.ts";
import {
  onRelease,
  referenceOf,
  registryLocation,
  registryOf,
  run,
  type Outcome,
  type ReleaseFlags,
} from "./release-store.ts";

type PushFlags = ReleaseFlags & { to: string };
type PullFlags = ReleaseFlags & { from: string };

/** `perch release push` and `perch release pull`. */
export function registerCopyCommands(release: Command): void {
  onRelease(release.command("push"))
    .description("copy a release and its signatures to another registry; only what is missing there")
    .requiredOption("--to <location>", LOCATION)
    .action((reference: string, flags: PushFlags) => run(flags, push(reference, flags)));
  onRelease(release.command("pull"))
    .description("copy a release and its signatures from another registry; only what is missing here")
    .requiredOption("--from <location>", LOCATION)
    .action((reference: string, flags: PullFlags) => run(flags, pull(reference, flags)));
}

async function push(text: string, flags: PushFlags): Promise<Outcome> {
  const to = openRegistry(flags.to, process.env);
  const copied = await copyRelease(registryOf(flags), to, await referenceOf(text, flags));
  return { json: { ...copied, to: fullLocation(flags.to) }, text: describeCopied(text, flags.to, copied) };
}

/** Trusts nothing of what it copies: the next command, which is printed, does. */
async function pull(text: string, flags: PullFlags): Promise<Outcome> {
  const where = registryLocation(flags);
  const from = openRegistry(flags.from, process.env);
  const copied = await copyRelease(from, registryOf(flags), await referenceOf(text, flags));
  return {
    json: { ...copied, from: fullLocation(flags.from), to: fullLocation(where) },
    text: `${describeCopied(text, where, copied)}\n\nnext: perch release verify ${text}${placeOf(flags)}`,
  };
}

// So that the next command can be run as it is printed.
function placeOf({ data, registry }: PullFlags): string {
  const place = data === DEFAULT_DATA ? "" : ` --data ${data}`;
  return registry === undefined ? place : `${place} --registry ${registry}`;
}
