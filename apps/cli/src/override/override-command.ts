import type { Command } from "commander";
import { dataOption, jsonOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { createOverride, type OverrideWish } from "./create-override.ts";

type Flags = Omit<OverrideWish, "agent" | "release"> & { readonly json?: boolean };

export function registerOverrideCommand(program: Command): void {
  program
    .command("override")
    .description("make tokens that choose the release of a session")
    .command("create")
    .description("make a token for new sessions of an agent; sent as header x-perch-override, it chooses their release")
    .argument("<agent>", "agent")
    .argument("<release>", "version or sha256:…")
    .option("--ttl <duration>", "how long the token is good, at most 24h", "10m")
    .option("--session <id>", "the only session it is good for; default: any")
    .option("--pin-secret-file <file>", "the gateways' secrets (default: the one in the data directory)")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((agent: string, release: string, flags: Flags) => create(agent, release, flags));
}

async function create(agent: string, release: string, flags: Flags): Promise<void> {
  const { token, override } = await createOverride({ ...flags, agent, release }, { now: Date.now, env: process.env });
  if (flags.json === true) {
    printJson({ token, header: "x-perch-override", ...override });
    return;
  }
  printLine(token);
  const whose = override.session === null ? `new sessions of ${agent}` : `session ${override.session} of ${agent}`;
  printNote(`good for ${flags.ttl}: as header x-perch-override it begins ${whose} on ${override.release}`);
}
