import type { Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { drawPaths } from "./draw-path.ts";

type Flags = { server: string; agent?: string; json?: boolean };

export function registerShowCommand(sessions: Command): void {
  sessions
    .command("show")
    .description("draw what happened in a session: its turns, model calls and tools, errors, tokens and scores")
    .argument("<session>", "the session's id")
    .option("--agent <agent>", "this agent's only, where two have sessions of the same id")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((session: string, flags: Flags) => show(session, flags));
}

async function show(session: string, flags: Flags): Promise<void> {
  const paths = await createApiClient(flags.server).sessionPaths(session, flags.agent ?? null);
  if (paths.sessions.length === 0) {
    throw new CliError({
      code: "input_invalid",
      message: `found no session ${JSON.stringify(session)}${flags.agent === undefined ? "" : ` of ${flags.agent}`}`,
      hint: "`perch sessions --all` lists them; a first turn that is still under way has no record yet",
    });
  }
  if (flags.json === true) printJson(paths);
  else printLine(drawPaths(paths));
}
