import { readFileSync } from "node:fs";
import { reasonOf } from "@perch/adapters/json-log";
import { UsageError } from "./options.ts";

/** The file that a flag names. Throws `UsageError`. */
export function readFlagFile(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`${flag}: cannot read ${file}: ${reasonOf(cause)}`);
  }
}
