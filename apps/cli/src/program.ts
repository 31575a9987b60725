import { Command } from "commander";
import { printLine, printNote } from "./output.ts";
import { version } from "./version.ts";

/** The program `perch` without its commands. It never exits by itself: `main.ts` sets the exit code. */
export function createProgram(): Command {
  return (
    new Command("perch")
      .description(
        "Versions AI agents and releases them by canary: signed releases, pinned sessions, decisions on evidence.",
      )
      .version(version(), "-V, --version")
      // After a command, --version is that command's own.
      .enablePositionalOptions()
      .showHelpAfterError("(add --help for the options)")
      .configureOutput({
        writeOut: (text) => printLine(text.replace(/\n$/, "")),
        writeErr: (text) => printNote(text.replace(/\n$/, "")),
      })
      .exitOverride()
  );
}
