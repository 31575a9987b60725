import { CommanderError, type Command } from "commander";
import { registerDoctorCommand } from "./doctor/doctor-command.ts";
import { registerDemoCommand } from "./demo/demo-command.ts";
import { registerDeployCommand } from "./deploy/deploy-command.ts";
import { registerDrainCommand } from "./drain/drain-command.ts";
import { registerInitCommand } from "./init/init-command.ts";
import { registerKeyCommand } from "./key/key-command.ts";
import { passwordSource } from "./key/key-password.ts";
import { registerKillCommand } from "./kill/kill-command.ts";
import { registerLedgerCommand } from "./ledger/ledger-command.ts";
import { registerMoveCommand } from "./move/move-command.ts";
import { registerOverrideCommand } from "./override/override-command.ts";
import { createProgram } from "./program.ts";
import { registerReleaseCommand } from "./release/release-command.ts";
import { registerReplayCommand } from "./replay/replay-command.ts";
import { reportFailure } from "./report-failure.ts";
import { registerRolloutCommand } from "./rollout/rollout-command.ts";
import { registerSessionsCommand } from "./sessions/sessions-command.ts";
import { registerUpCommand } from "./up/up-command.ts";
import { registerWhyCommand } from "./why/why-command.ts";

const program = createProgram();
const passwords = passwordSource(process.env, process.stdin);
const commands = [
  registerUpCommand,
  registerInitCommand,
  (parent: Command) => registerReleaseCommand(parent, passwords),
  (parent: Command) => registerKeyCommand(parent, passwords),
  registerDeployCommand,
  registerRolloutCommand,
  registerKillCommand,
  registerLedgerCommand,
  registerMoveCommand,
  registerDrainCommand,
  registerSessionsCommand,
  registerWhyCommand,
  registerDoctorCommand,
  registerOverrideCommand,
  registerReplayCommand,
  registerDemoCommand,
];
for (const register of commands) register(program);
stopWithParent();
await run(program, process.argv.slice(2));

async function run(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = exitCodeOf(error, args.includes("--json"));
  }
}

// Commander has printed its own usage errors by now; help and version end here too, with code 0.
function exitCodeOf(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return reportFailure(error, asJson);
}

// bin/perch.js holds the other end of this channel. When it dies without a word (kill -9), stop as if it had asked to.
function stopWithParent(): void {
  if (process.channel === undefined) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel?.unref();
}
