import { open } from "node:fs/promises";
import { ReleaseError } from "@perch/domain";

const MOST_BYTES = 1024 * 1024;

/** A key, a policy or a trusted root. Throws `ReleaseError` `trust_policy_invalid` for one that is missing or huge. */
export async function readSmallFile(path: string): Promise<Buffer> {
  const found = await read(path);
  if (typeof found !== "string") return found;
  throw new ReleaseError({
    code: "trust_policy_invalid",
    message: `found ${found}, expected a file of at most ${MOST_BYTES} bytes`,
    hint: "without it nothing is trusted: correct the path, or put the file there",
  });
}

/** The bytes, or what is wrong with the file. */
async function read(path: string): Promise<Buffer | string> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return `no readable file ${path}`;
  try {
    const status = await file.stat();
    if (!status.isFile()) return `${path}, which is not a file`;
    return status.size > MOST_BYTES ? `${path} with ${status.size} bytes` : await file.readFile();
  } finally {
    await file.close();
  }
}
