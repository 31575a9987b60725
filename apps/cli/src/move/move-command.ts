import { userInfo } from "node:os";
import { Option, type Command } from "commander";
import type { MoveView } from "@perch/api";
import { parseDurationMs } from "@perch/domain";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { describeMove, describeMoves } from "./describe-move.ts";

type MoveFlags = {
  server: string;
  from?: string;
  to?: string;
  mode: "migrate" | "evict";
  session?: string;
  idle?: string;
  header: boolean;
  cancel?: string;
  reason: string;
  json?: boolean;
};

export function registerMoveCommand(program: Command): void {
  program
    .command("move")
    .description("move live sessions from one release to another between two of their turns, or show such moves")
    .argument("<agent>", "agent")
    .option("--from <release>", "release that sessions are pinned to: a version, sha256:… or a pointer")
    .option("--to <release>", "release that they go on with")
    .addOption(
      new Option("--mode <mode>", "migrate: at a safe boundary; evict: with the next turn, whatever it interrupts")
        .choices(["migrate", "evict"])
        .default("migrate"),
    )
    .option("--session <id>", "only this session")
    .option("--idle <duration>", "silence that counts as a boundary, e.g. 5m; `never`: none does (default: 5m)")
    .option("--no-header", "do not take the agent's x-perch-boundary as a boundary")
    .option("--cancel <move>", "end a move; sessions that were not moved stay")
    .option("--reason <text>", "kept in the ledger", "")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((agent: string, flags: MoveFlags) => move(agent, flags));
}

async function move(agent: string, flags: MoveFlags): Promise<void> {
  const { from, to, cancel } = flags;
  const client = createApiClient(flags.server);
  const by = { actor: `cli:${userInfo().username}`.slice(0, 200), reason: flags.reason };
  if (cancel !== undefined) {
    if (from !== undefined || to !== undefined) throw usage("found --cancel with --from or --to, expected it alone");
    return show(flags, await client.cancelMove(agent, cancel, by));
  }
  if (from === undefined && to === undefined) {
    const moves = await client.moves(agent);
    if (flags.json === true) printJson({ moves });
    else printLine(describeMoves(agent, moves, Date.now()));
    return;
  }
  if (from === undefined || to === undefined) throw usage("found one of --from and --to, expected both");
  const { mode, session = null } = flags;
  show(flags, await client.startMove(agent, { from, to, mode, session, boundary: boundaryOf(flags), ...by }));
}

/** Null: the server's default. */
function boundaryOf({ idle, header }: MoveFlags): { header: boolean; idleMs: number | null } | null {
  if (idle === undefined) return header ? null : { header, idleMs: parseDurationMs("5m") };
  if (idle === "never") return { header, idleMs: null };
  const idleMs = parseDurationMs(idle);
  if (idleMs !== null && idleMs > 0) return { header, idleMs };
  throw usage(`found --idle ${JSON.stringify(idle)}, expected a duration such as "5m", or never`);
}

function usage(message: string): CliError {
  return new CliError({ code: "usage", message, hint: "perch move support --from 2.3.1 --to 2.3.0" });
}

function show(flags: MoveFlags, view: MoveView): void {
  if (flags.json === true) printJson(view);
  else printLine(`${describeMove(view, Date.now())}\n\nnext: perch move ${view.agent}`);
}
