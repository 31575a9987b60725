import { userInfo } from "node:os";
import type { Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { describeKill } from "./describe-kill.ts";

type Flags = { server: string; to?: string; undo?: boolean; reason: string; json?: boolean };

export function registerKillCommand(program: Command): void {
  program
    .command("kill")
    .description("take an agent off the air until a person undoes it: everybody is refused, or served by one release")
    .argument("<agent>", "agent")
    .requiredOption("--reason <text>", "kept in the ledger")
    .option(
      "--to <release>",
      "serve everybody, sessions under way too, by this release: a version, sha256:… or a pointer",
    )
    .option("--undo", "let the agent serve again; its rollout stays paused")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((agent: string, flags: Flags) => kill(agent, flags));
}

async function kill(agent: string, flags: Flags): Promise<void> {
  const { to = null, undo = false, reason } = flags;
  if (undo && to !== null) {
    throw new CliError({
      code: "usage",
      message: "found --undo with --to, expected one of them",
      hint: `perch kill ${agent} --undo --reason "…"`,
    });
  }
  const client = createApiClient(flags.server);
  const by = { actor: `cli:${userInfo().username}`.slice(0, 200), reason };
  const view = undo ? await client.reviveAgent(agent, by) : await client.killAgent(agent, { to, ...by });
  const gateways = await client.gateways();
  if (flags.json === true) printJson({ ...view, gateways });
  else printLine(describeKill(view, gateways));
}
