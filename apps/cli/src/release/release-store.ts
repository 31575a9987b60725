import { join } from "node:path";
import type { Command } from "commander";
import { openRegistry } from "@perch/adapters/release-registry";
import type { ReleaseReference, ReleaseRegistry } from "@perch/domain";
import { dataOption, jsonOption, LOCATION, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { resolveName } from "./resolve-name.ts";

export type StoreFlags = { data: string; registry?: string; json?: boolean };
/** Of a command about one release, which may be named by a pointer that the server knows. */
export type ReleaseFlags = StoreFlags & { server: string };
export type Outcome = { readonly json: unknown; readonly text: string };

/** The options of every command that reads or writes a registry of releases. */
export function onStore(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--registry <location>", `${LOCATION}; default: DATA/registry`)
    .addOption(jsonOption());
}

/** The argument and options of every command about one release. */
export function onRelease(command: Command): Command {
  return onStore(command.argument("<release>", "agent@version, agent@sha256:… or agent:pointer")).addOption(
    serverOption(),
  );
}

/** Prints what came out, as text or as one JSON object. */
export async function run(flags: { readonly json?: boolean }, outcome: Promise<Outcome>): Promise<void> {
  const { json, text } = await outcome;
  if (flags.json === true) printJson(json);
  else printLine(text);
}

export function registryOf(flags: StoreFlags): ReleaseRegistry {
  return openRegistry(registryLocation(flags), process.env);
}

export function registryLocation(flags: StoreFlags): string {
  return flags.registry ?? join(flags.data, "registry");
}

export function referenceOf(text: string, flags: ReleaseFlags): Promise<ReleaseReference> {
  return resolveName(text, flags.server);
}
