import { writeFileSync } from "node:fs";
import { findBreak, type Anchor } from "@perch/domain";
import { Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { describeVerification, verificationJson } from "./describe-verification.ts";
import { formatAnchor, parseAnchor } from "./parse-anchor.ts";
import { nameOf, readLedger, type LedgerPlace } from "./read-ledger.ts";

type Flags = { server: string; data?: string; database?: string; json?: boolean };

const BROKEN = 3;

export function registerLedgerCommand(program: Command): void {
  const ledger = program.command("ledger").description("check and copy the record of every decision");
  fromPlace(ledger.command("verify").argument("[export]", "file of `perch ledger export`; default: ask the server"))
    .description("check every entry against the one before it; exit code 0 when they add up, 3 when one does not")
    .option("--anchor <head>", "SEQUENCE:HASH of an entry noted down before: it has to be there still", parseAnchor)
    .addOption(jsonOption())
    .action((file: string | undefined, flags: Flags & { anchor?: Anchor }) => verify(file, flags));
  fromPlace(ledger.command("export"))
    .description("write every entry as JSON, one a line")
    .option("--out <file>", "default: standard output")
    .action((flags: Flags & { out?: string }) => exportLedger(flags));
}

function fromPlace(command: Command): Command {
  return command
    .addOption(serverOption())
    .addOption(new Option("--data <dir>", "read this data directory, with or without a server running on it"))
    .addOption(new Option("--database <url>", "read this PostgreSQL database; its password is taken from PGPASSWORD"));
}

function placeOf(file: string | undefined, { server, data, database }: Flags): LedgerPlace {
  const places: LedgerPlace[] = [
    ...(file === undefined ? [] : [{ kind: "export" as const, file }]),
    ...(data === undefined ? [] : [{ kind: "data" as const, directory: data }]),
    ...(database === undefined ? [] : [{ kind: "database" as const, url: database }]),
  ];
  const [place, ...others] = places;
  if (others.length === 0) return place ?? { kind: "server", url: server };
  throw new CliError({
    code: "usage",
    message: `found ${places.map(nameOf).join(" and ")}, expected one place to read the ledger from`,
    hint: "leave the others out: a file, --data or --database",
  });
}

async function verify(file: string | undefined, flags: Flags & { anchor?: Anchor }): Promise<void> {
  const place = placeOf(file, flags);
  const entries = await readLedger(place);
  const anchor = flags.anchor ?? null;
  const verification = { place: nameOf(place), entries, anchor, broken: findBreak(entries, anchor) };
  if (flags.json === true) printJson(verificationJson(verification));
  else printLine(describeVerification(verification));
  if (verification.broken !== null) process.exitCode = BROKEN;
}

/** As it stands, broken or not: a copy of a broken ledger is evidence, too. */
async function exportLedger(flags: Flags & { out?: string }): Promise<void> {
  const entries = await readLedger(placeOf(undefined, flags));
  const lines = entries.map((entry) => JSON.stringify(entry));
  if (flags.out === undefined) for (const line of lines) printLine(line);
  else writeFileSync(flags.out, lines.map((line) => `${line}\n`).join(""));
  const head = entries.at(-1);
  printNote(`${entries.length} entries${head === undefined ? "" : `, head ${formatAnchor(head)}`}`);
}
