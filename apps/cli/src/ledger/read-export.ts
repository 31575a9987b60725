import type { LedgerEntry } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { readInputFile } from "../read-input-file.ts";
import { parseEntry } from "./parse-entry.ts";

/** What `perch ledger export` wrote: one entry a line. Throws `CliError` `input_invalid` with every line that is none. */
export async function readExport(file: string): Promise<readonly LedgerEntry[]> {
  const text = await readInputFile(file, {
    expected: "an exported ledger, one entry in JSON a line",
    hint: "make one with `perch ledger export`",
  });
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const read = lines.map(tryParse);
  const problems = read.flatMap((entry, index) =>
    entry === null ? [{ message: "found no ledger entry", line: index + 1, column: 1 }] : [],
  );
  if (problems.length > 0) {
    throw new CliError({
      code: "input_invalid",
      message: `found ${problems.length} lines in ${file} that cannot be read, expected a ledger entry in JSON on each`,
      hint: "make the file anew with `perch ledger export`; a line that was edited is not readable JSON any more",
      problems,
    });
  }
  return read.filter((entry) => entry !== null);
}

function tryParse(line: string): LedgerEntry | null {
  try {
    return parseEntry(JSON.parse(line));
  } catch {
    return null;
  }
}
