import { InvalidArgumentError, type Command } from "commander";
import { jsonOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { createAsker, type Asker } from "./asker.ts";
import type { InitFlags } from "./init-flags.ts";
import { nextCommands } from "./readme-text.ts";
import { runInit, type InitResult } from "./run-init.ts";

const MOST_NOTES = 20;

export function registerInitCommand(program: Command): void {
  program
    .command("init")
    .description("make a working agent directory, from questions or from these options")
    .argument("[dir]", "the agent's directory; made if it is not there", ".")
    .option("--name <name>", "agent's name; default: the directory's")
    .option("--version <version>", "version of the first release; default: 0.1.0")
    .option("--model <provider/name>", "the model, as its provider calls it")
    .option("--prompt <text>", "system prompt")
    .option("--prompt-file <file>", "file with the system prompt")
    .option("--framework <name@version>", "what the program is written with; default: node")
    .option("--tools-from-mcp <url-or-command>", "import the tools of an MCP server")
    .option(
      "--mcp-header <header>",
      'sent to the MCP server, "Name: value"; repeatable, never written down',
      append,
      [],
    )
    .option("--mcp-timeout <seconds>", "how long the MCP server may take", parseSeconds, 30)
    .option("--tools-from-openapi <file-or-url>", "import the operations of an OpenAPI 3.0 or 3.1 document")
    .option("--tools-filter <glob>", "import only tools with such a name")
    .option("--tool-auth-ref <ref>", "where imported tools find their secret, such as env:SHOP_TOKEN")
    .option("--from-project <dir>", "take the framework and its version from this project")
    .option("--orchestration-dir <dir>", "your own program's directory, inside the agent's")
    .option("--entrypoint <file>", "your own program's file to start, in that directory")
    .option("--yes", "ask nothing: what is not given gets its default")
    .option("--force", "replace files that are there")
    .addOption(jsonOption())
    .action((directory: string, flags: InitFlags) => init(directory, flags));
}

async function init(directory: string, flags: InitFlags): Promise<void> {
  const asker = openAsker(flags);
  try {
    announce(await runInit(directory, flags, asker), directory, flags);
  } finally {
    asker?.close();
  }
}

function openAsker({ yes, json }: InitFlags): Asker | null {
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  if (!isTerminal || yes === true || json === true) return null;
  return createAsker({ input: process.stdin, output: process.stderr });
}

function announce({ plan, files, notes }: InitResult, directory: string, flags: InitFlags): void {
  const { name, version, model, framework } = plan;
  const tools = plan.tools.map(({ name, effect, origin }) => ({ name, effect, origin }));
  if (flags.json === true) {
    printJson({ directory, agent: name, version, model, framework, tools, files, notes });
    return;
  }
  for (const note of notes.slice(0, MOST_NOTES)) printNote(`note: ${note}`);
  if (notes.length > MOST_NOTES) printNote(`note: ${notes.length - MOST_NOTES} more, which --json lists`);
  const names = tools.map((tool) => `${tool.name} (${tool.effect})`);
  const shown = names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
  printLine(
    [
      `made ${name}@${version} in ${directory}: ${files.length} files`,
      `tools: ${shown === "" ? "none" : shown}`,
      "next:",
      ...nextCommands(plan, directory).map((command) => `  ${command}`),
    ].join("\n"),
  );
}

function append(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError(`found ${JSON.stringify(text)}, expected a number of seconds above 0`);
}
