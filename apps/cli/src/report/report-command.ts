import { writeFile } from "node:fs/promises";
import { InvalidArgumentError, type Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { htmlReport } from "./html-report.ts";
import { textReport } from "./text-report.ts";

type Flags = { server: string; json?: boolean; html?: string; calls: number };

/** `perch rollout report ID`. */
export function registerReportCommand(rollout: Command): void {
  rollout
    .command("report")
    .argument("<id>", "rollout")
    .description("tell everything about a rollout: timeline, evidence, exposure, what it wrote, who decided")
    .option("--html <file>", "write it as one page that needs nothing else")
    .option("--calls <count>", "how many calls of writing tools to list", parseCount, 1000)
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((id: string, flags: Flags) => report(id, flags));
}

async function report(id: string, flags: Flags): Promise<void> {
  const found = await createApiClient(flags.server).report(id, flags.calls);
  if (flags.html !== undefined) await write(flags.html, htmlReport(found));
  if (flags.json === true) printJson(found);
  else if (flags.html === undefined) printLine(textReport(found));
  else printNote(`wrote ${flags.html}`);
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new CliError({
      code: "input_invalid",
      message: `found ${file}, which cannot be written, expected a file in a directory that is there`,
      hint: "give another file with --html",
      cause,
    });
  }
}

function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 100_000) return value;
  throw new InvalidArgumentError(`found ${JSON.stringify(text)}, expected a whole number from 0 to 100000`);
}
