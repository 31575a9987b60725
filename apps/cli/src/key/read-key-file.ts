import { readInputFile } from "../read-input-file.ts";

/** The text of a key file. Throws `CliError` `input_invalid` for one that cannot be read. */
export function readKeyFile(file: string, what: "key" | "public key"): Promise<string> {
  const hint = "`perch key generate --out DIR` makes a pair: perch.key and perch.pub";
  return readInputFile(file, { expected: `a ${what} in PEM`, hint });
}
