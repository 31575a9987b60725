import { resolve } from "node:path";
import type { Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { dataOption, jsonOption, serverOption } from "../options.ts";
import { version } from "../version.ts";
import { printJson, printLine } from "../output.ts";
import { diagnose, exitCodeOf } from "./diagnose.ts";
import type { Finding } from "./finding.ts";
import { gatherFacts } from "./gather-facts.ts";

type Flags = { server: string; data: string; json?: boolean };

export function registerDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description(
      "look at server, versions, clocks, stores, disk, gateways and their pins, deployments, telemetry, prices and scorers; exit code 1 when something fails",
    )
    .addOption(serverOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((flags: Flags) => doctor(flags));
}

async function doctor(flags: Flags): Promise<void> {
  const facts = await gatherFacts(createApiClient(flags.server), {
    data: resolve(flags.data),
    cliVersion: version(),
    now: Date.now,
  });
  const findings = diagnose(facts);
  process.exitCode = exitCodeOf(findings);
  if (flags.json === true) printJson({ ok: process.exitCode === 0, findings });
  else printLine(describeFindings(findings));
}

export function describeFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, level, message, hint }) => [
      `${level.padEnd(4)}  ${check.padEnd(width)}  ${message}`,
      ...(hint === null ? [] : [`${" ".repeat(width + 8)}→ ${hint}`]),
    ])
    .join("\n");
}
