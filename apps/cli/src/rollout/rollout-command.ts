import { userInfo } from "node:os";
import type { Command } from "commander";
import type { RolloutView } from "@perch/api";
import { createApiClient, type ApiClient, type RolloutVerb } from "../api-client.ts";
import { readInputFile } from "../read-input-file.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { describeLedger, describeRollout, describeRollouts, describeStep } from "./describe-rollout.ts";
import { registerReportCommand } from "../report/report-command.ts";
import { registerPlanCommand } from "./plan-command.ts";
import { isOver, watchRollout } from "./watch-rollout.ts";

type Flags = { server: string; json?: boolean };

const COMMANDS: readonly { readonly verb: RolloutVerb; readonly description: string }[] = [
  { verb: "pause", description: "stop advancing; the weight stays" },
  { verb: "resume", description: "go on after a pause, or approve a step that waits for approval" },
  { verb: "promote", description: "make the canary current now" },
  { verb: "rollback", description: "send new sessions to the baseline now and quarantine the canary" },
  { verb: "undo", description: "cancel a rollback that is announced" },
  { verb: "abort", description: "end the rollout without blaming the canary" },
];

const FLAGS: Readonly<Partial<Record<RolloutVerb, { readonly name: string; readonly description: string }>>> = {
  pause: { name: "--freeze-new", description: "no new session meets the canary meanwhile; those under way stay" },
  rollback: { name: "--force", description: "also to a baseline that does not answer" },
};
type CommandFlags = Flags & { reason: string; force?: boolean; freezeNew?: boolean };

export function registerRolloutCommand(program: Command): void {
  const rollout = program.command("rollout").description("start, watch and steer rollouts");
  registerPlanCommand(rollout);
  toServer(rollout.command("start"))
    .description("start the rollout that a file describes")
    .requiredOption("-f, --file <file>", "rollout file (YAML)")
    .option("--force <reason>", "try a quarantined release again; the reason is kept in the ledger")
    .action((flags: Flags & { file: string; force?: string }) => start(flags));
  toServer(rollout.command("status").argument("[id]", "rollout; default: all, newest first"))
    .description("show a rollout with its gates, or all rollouts")
    .action((id: string | undefined, flags: Flags) => status(id, flags));
  toServer(rollout.command("watch").argument("<id>", "rollout"))
    .description("follow a rollout to its end; exit code 0 when it succeeded, 3 when it ended otherwise")
    .action((id: string, flags: Flags) => watch(id, flags));
  for (const { verb, description } of COMMANDS) {
    const flag = FLAGS[verb];
    const described = toServer(rollout.command(verb).argument("<id>", "rollout"))
      .description(description)
      .option("--reason <text>", "kept in the ledger", "");
    (flag === undefined ? described : described.option(flag.name, flag.description)).action(
      (id: string, flags: CommandFlags) => command(id, verb, flags),
    );
  }
  registerReportCommand(rollout);
  toServer(rollout.command("history").argument("[id]", "rollout; default: all, newest first"))
    .description("show every recorded decision of a rollout, or all rollouts")
    .action((id: string | undefined, flags: Flags) => history(id, flags));
}

function toServer(command: Command): Command {
  return command.addOption(serverOption()).addOption(jsonOption());
}

function show(flags: Flags, json: unknown, text: string): void {
  if (flags.json === true) printJson(json);
  else printLine(text);
}

async function start(flags: Flags & { file: string; force?: string }): Promise<void> {
  const yaml = await readInputFile(flags.file, { expected: "a rollout file in YAML", hint: "give its path with -f" });
  const rollout = await createApiClient(flags.server).startRollout(yaml, flags.force ?? null);
  show(flags, rollout, `${describeRollout(rollout)}\n\nnext: perch rollout watch ${rollout.id}`);
}

async function status(id: string | undefined, flags: Flags): Promise<void> {
  const client = createApiClient(flags.server);
  if (id === undefined) return showAll(client, flags);
  const rollout = await client.rollout(id);
  show(flags, rollout, describeRollout(rollout));
}

async function showAll(client: ApiClient, flags: Flags): Promise<void> {
  const rollouts = await client.rollouts();
  show(flags, { rollouts }, describeRollouts(rollouts));
}

async function watch(id: string, flags: Flags): Promise<void> {
  const client = createApiClient(flags.server);
  let shown = "";
  let last: RolloutView | null = null;
  for await (const rollout of watchRollout(client, id)) {
    last = rollout;
    const line = describeStep(rollout);
    if (flags.json === true) printJson(rollout);
    else if (line !== shown) printLine(line);
    shown = line;
  }
  if (last === null || !isOver(last)) return;
  if (flags.json !== true) printLine(`\n${describeRollout(last)}`);
  if (last.phase !== "Succeeded") process.exitCode = 3;
}

async function command(id: string, verb: RolloutVerb, flags: CommandFlags): Promise<void> {
  const actor = `cli:${userInfo().username}`.slice(0, 200);
  const rollout = await createApiClient(flags.server).commandRollout(id, verb, {
    reason: flags.reason,
    actor,
    force: flags.force === true,
    freezeNew: flags.freezeNew === true,
  });
  show(flags, rollout, describeRollout(rollout));
}

async function history(id: string | undefined, flags: Flags): Promise<void> {
  const client = createApiClient(flags.server);
  if (id === undefined) return showAll(client, flags);
  const entries = await client.ledger(id);
  show(flags, { entries }, describeLedger(entries));
}
