import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "@perch/domain";
import { writeFileAtomically } from "./write-file-atomically.ts";
import { withWriteLock } from "./write-lock.ts";

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** Throws `ReleaseError` `layout_invalid` for a directory that is no OCI image layout, and for none at all. */
export async function requireLayout(directory: string): Promise<void> {
  if ((await readIfPresent(join(directory, "oci-layout"))) !== null) return;
  const isThere = (await stat(directory).catch(() => null)) !== null;
  throw new ReleaseError({
    code: "layout_invalid",
    message: `found ${isThere ? "no OCI image layout in" : "no directory"} ${directory}, expected a registry of releases`,
    hint: "`perch release build DIR` makes one; --registry or --data names another",
  });
}

/** Makes a layout where nothing is yet; refuses to turn somebody's directory into one. */
export async function prepareLayout(directory: string): Promise<void> {
  const isLayout = (await readIfPresent(join(directory, "oci-layout"))) !== null;
  const names = isLayout ? [] : await readdir(directory).catch(() => []);
  // An `index.json` alone may be left of a layout whose making was cut short.
  if (names.some((name) => name !== "blobs" && name !== "index.json" && !name.endsWith(".tmp"))) {
    await requireLayout(directory);
  }
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  if (isLayout) return;
  await withWriteLock(`${directory.replace(/[/\\]+$/, "")}.lock`, async () => {
    const index = join(directory, "index.json");
    if ((await readIfPresent(index)) === null) {
      const empty = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };
      await writeFileAtomically(index, Buffer.from(JSON.stringify(empty)));
    }
    await writeFileAtomically(join(directory, "oci-layout"), Buffer.from(LAYOUT));
  });
}

/** Null when there is no such file. */
export async function readIfPresent(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}
