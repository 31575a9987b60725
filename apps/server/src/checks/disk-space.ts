import { statfs } from "node:fs/promises";
import type { ServerChecks } from "@perch/api";

/** Null where the directory is not there. */
export async function diskSpace(directory: string): Promise<ServerChecks["disk"]> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { directory, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
