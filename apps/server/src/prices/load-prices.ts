import { readFileSync } from "node:fs";
import { reasonOf } from "@perch/adapters/json-log";
import { readYaml } from "@perch/adapters/yaml";
import { createPriceList, readPriceTable, type PriceList, type PriceTable } from "@perch/domain";
import { UsageError } from "../options.ts";
import builtIn from "./prices.json" with { type: "json" };

export type LoadedPrices = PriceList & {
  /** Of the tables that prices come from, the first first. */
  readonly versions: readonly string[];
};

/** The prices that come with Perch; those of a file, in YAML or JSON, go before them. Throws `UsageError`. */
export function loadPrices(file: string | null): LoadedPrices {
  const tables = [...(file === null ? [] : [readPriceFile(file)]), builtInTable()];
  return { ...createPriceList(tables), versions: tables.map(({ version }) => version) };
}

function builtInTable(): PriceTable {
  const read = readPriceTable(builtIn);
  if (read.kind === "valid") return read.table;
  throw new UsageError(`the built-in price table: ${read.problems.map(({ message }) => message).join("; ")}`);
}

function readPriceFile(file: string): PriceTable {
  const read = readYaml(contentOf(file));
  if (read.kind === "malformed") {
    throw unusable(read.problems.map(({ line, message }) => `${file}:${line}: ${message}`));
  }
  const table = readPriceTable(read.value);
  if (table.kind === "valid") return table.table;
  throw unusable(
    table.problems.map(
      ({ path, message }) => `${file}:${read.placeOf(path).line}: ${path.join(".") || "the file"}: ${message}`,
    ),
  );
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--price-file: cannot read ${file}: ${reasonOf(cause)}`);
  }
}

function unusable(problems: readonly string[]): UsageError {
  return new UsageError(`--price-file: ${problems.join("; ")}`);
}
