import { readFileSync } from "node:fs";
import { Command } from "commander";
import { printLine, printNote } from "./output.ts";

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

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const value: unknown = JSON.parse(text);
  const found = typeof value === "object" && value !== null && "version" in value ? value.version : null;
  return typeof found === "string" ? found : "unknown";
}
