import { createPriceList, readPriceTable, type PriceList, type PriceTable } from "@perch/domain";
import { UsageError } from "../options.ts";
import { readFlagYaml } from "../read-flag-yaml.ts";
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
  const { value, refusal } = readFlagYaml("--price-file", file);
  const read = readPriceTable(value);
  if (read.kind === "valid") return read.table;
  throw refusal(read.problems);
}
