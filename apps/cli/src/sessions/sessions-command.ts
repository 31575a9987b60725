import { parseDurationMs } from "@perch/domain";
import { Option, type Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { describeSessions } from "./describe-sessions.ts";
import { registerShowCommand } from "./show-command.ts";

type Flags = {
  server: string;
  release?: string;
  arm?: string;
  rollout?: string;
  live?: boolean;
  all?: boolean;
  olderThan?: string;
  since?: string;
  outcome?: string;
  escalated?: boolean;
  tool?: string;
  limit: string;
  after?: string;
  json?: boolean;
};

export function registerSessionsCommand(program: Command): void {
  const sessionsCommand = program
    .command("sessions")
    .description("list the sessions of each release, with their age and last turn")
    .argument("[agent]", "this agent's only")
    .option("--release <version>", "on this release only: its version or digest")
    .addOption(new Option("--arm <arm>", "assigned to this arm only").choices(["baseline", "canary"]))
    .option("--rollout <id>", "assigned under this rollout only")
    .addOption(new Option("--live", "live ones, the oldest first (the default)").conflicts("all"))
    .option("--all", "those that are over too, the newest first")
    .option("--older-than <duration>", "begun at least this long ago, such as 30m or 1h")
    .option("--since <duration>", "begun at most this long ago")
    .addOption(
      new Option("--outcome <outcome>", "that came to this, of those that are over").choices(["success", "failure"]),
    )
    .option("--escalated", "handed to a person, of those that are over")
    .option("--tool <tool>", "in which this tool was called, of those that are over")
    .option("--limit <n>", "at most so many, 1 to 1000", "50")
    .option("--after <cursor>", "the next page, as the one before names it")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((agent: string | undefined, flags: Flags) => sessions(agent, flags));
  registerShowCommand(sessionsCommand);
}

async function sessions(agent: string | undefined, flags: Flags): Promise<void> {
  const list = await createApiClient(flags.server).sessions(queryOf(agent, flags));
  if (flags.json === true) {
    printJson(list);
    return;
  }
  printLine(describeSessions(list));
  if (list.next !== null) printNote(`there are more: --after ${list.next}`);
}

function queryOf(agent: string | undefined, flags: Flags): Record<string, string> {
  const { release, arm, rollout, outcome, tool, limit, after } = flags;
  const olderThanMs = flags.olderThan === undefined ? undefined : String(durationOf("--older-than", flags.olderThan));
  const since = flags.since === undefined ? undefined : String(Date.now() - durationOf("--since", flags.since));
  const escalated = flags.escalated === true ? "true" : undefined;
  // What a session came to is known when it is over.
  const isOver = outcome !== undefined || tool !== undefined || escalated !== undefined;
  const state = flags.all === true || isOver ? "all" : "live";
  const found = { outcome, escalated, tool, since };
  const query = { agent, release, arm, rollout, state, olderThanMs, ...found, limit, after };
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function durationOf(flag: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== null) return ms;
  throw new CliError({
    code: "usage",
    message: `found ${flag} ${JSON.stringify(text)}, expected a duration such as 30m or 1h`,
    hint: "units are ms, s, m, h and d",
  });
}
