import { readFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";

/** A text file that a person named. Throws `CliError` `input_invalid` saying what was expected there. */
export async function readInputFile(file: string, wish: { expected: string; hint: string }): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CliError({
      code: "input_invalid",
      message: `found no readable file ${file}, expected ${wish.expected}`,
      hint: wish.hint,
      cause,
    });
  }
}
