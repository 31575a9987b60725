import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "@perch/domain";
import { parseTrustedKey, type TrustedKey } from "./key.ts";

/** Every `*.pub` of a directory. Throws `ReleaseError` `key_invalid` when there is none: trusting nobody is a mistake. */
export async function readTrustDirectory(directory: string): Promise<readonly TrustedKey[]> {
  const names = await readdir(directory).catch(() => []);
  const files = names.filter((name) => name.endsWith(".pub")).sort();
  if (files.length === 0) {
    throw new ReleaseError({
      code: "key_invalid",
      message: `found no trusted key in ${directory}, expected at least one public key file ending in .pub`,
      hint: "`perch key trust FILE` trusts a public key; `perch key generate --out DIR` makes a pair",
    });
  }
  return Promise.all(
    files.map(async (name) => parseTrustedKey(await readFile(join(directory, name), "utf8"), join(directory, name))),
  );
}
