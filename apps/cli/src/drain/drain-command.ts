import type { Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { describeDrains, leftBehindOf } from "./describe-drains.ts";

type Flags = { server: string; json?: boolean };

export function registerDrainCommand(program: Command): void {
  program
    .command("drain")
    .description("show releases that get no new sessions: who is still pinned to them, and what comes next")
    .argument("[agent]", "agent; every one when left out")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((agent: string | undefined, flags: Flags) => drain(agent, flags));
}

async function drain(agent: string | undefined, { server, json }: Flags): Promise<void> {
  const client = createApiClient(server);
  const agents = agent === undefined ? await client.agents() : [await client.agent(agent)];
  if (json === true) printJson({ releases: agents.flatMap(leftBehindOf) });
  else printLine(describeDrains(agents, Date.now()));
}
