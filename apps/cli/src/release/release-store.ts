import { join } from "node:path";
import type { Command } from "commander";
import { openRegistry } from "@perch/adapters/release-registry";
import type { ReleaseRegistry } from "@perch/domain";
import { dataOption, jsonOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";

export type StoreFlags = { data: string; registry?: string; json?: boolean };
export type Outcome = { readonly json: unknown; readonly text: string };

/** The options of every command that reads or writes a registry of releases. */
export function onStore(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--registry <dir>", "OCI image layout directory; default: DATA/registry")
    .addOption(jsonOption());
}

/** Prints what came out, as text or as one JSON object. */
export async function run(flags: { readonly json?: boolean }, outcome: Promise<Outcome>): Promise<void> {
  const { json, text } = await outcome;
  if (flags.json === true) printJson(json);
  else printLine(text);
}

export function registryOf(flags: StoreFlags): ReleaseRegistry {
  return openRegistry(flags.registry ?? join(flags.data, "registry"));
}
