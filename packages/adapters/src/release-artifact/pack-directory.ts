import { lstat, readdir, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { ReleaseError } from "@perch/domain";
import { pack } from "tar-stream";

export type PackedDirectory = {
  readonly bytes: Uint8Array;
  /** Every file's path in the archive, with forward slashes, in the order of the archive. */
  readonly paths: readonly string[];
};

type Entry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

const MAX_BYTES = 512 * 1024 * 1024;
// A fixed time for every file: when a file was last touched is no part of a release.
const EPOCH = new Date(0);

/**
 * A directory as a tar archive that depends on names and contents alone: sorted, one owner, one time, one mode. Empty
 * directories are left out, as Git does. Throws `ReleaseError` `spec_invalid` for what cannot be carried to another
 * machine: links out of the directory, devices, sockets, files that are known to hold secrets.
 */
export async function packDirectory(directory: string): Promise<PackedDirectory> {
  const root = await realpath(directory);
  const entries = await collect(root, "");
  const total = entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.bytes.length : 0), 0);
  if (total > MAX_BYTES) {
    throw refused(`${total} bytes in ${directory}`, `at most ${MAX_BYTES}`, "leave out what the agent does not need");
  }
  const archive = pack();
  const collected = buffer(archive);
  for (const entry of entries) {
    const header = { name: entry.path, mtime: EPOCH, uid: 0, gid: 0, uname: "", gname: "" };
    if (entry.kind === "file") archive.entry({ ...header, mode: 0o644 }, Buffer.from(entry.bytes));
    else archive.entry({ ...header, mode: 0o777, type: "symlink", linkname: entry.target });
  }
  archive.finalize();
  return { bytes: await collected, paths: entries.map((entry) => entry.path) };
}

async function collect(root: string, below: string): Promise<readonly Entry[]> {
  const names = await readdir(join(root, below));
  const entries: Entry[] = [];
  for (const name of names) entries.push(...(await collectOne(root, below === "" ? name : `${below}/${name}`)));
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function collectOne(root: string, path: string): Promise<readonly Entry[]> {
  const full = join(root, path);
  const status = await lstat(full);
  if (status.isDirectory()) return collect(root, path);
  if (status.isSymbolicLink()) return [{ kind: "link", path, target: await safeTarget(root, full, path) }];
  if (!status.isFile()) throw refused(`${path}, which is neither file, directory nor link`, "files", "remove it");
  if (/(?:^|\/)\.env(?:\.(?!example$|sample$)[^/]*)?$/.test(path)) {
    throw refused(
      `${path}, a file that usually holds secrets`,
      "no secrets",
      "pass secrets in the environment instead",
    );
  }
  if (status.size > MAX_BYTES) throw refused(`${status.size} bytes in ${path}`, `at most ${MAX_BYTES}`, "leave it out");
  return [{ kind: "file", path, bytes: await readFile(full) }];
}

// The link is written as the shortest way to the file it ends at, however many links lead there.
async function safeTarget(root: string, full: string, path: string): Promise<string> {
  const target = await readlink(full);
  const real = await realpath(full).catch(() => null);
  if (!isAbsolute(target) && real !== null && isBelow(root, real)) {
    return relative(dirname(full), real).split(sep).join("/");
  }
  throw refused(
    `the link ${path} to ${JSON.stringify(target)}`,
    "links to what is inside the orchestration directory",
    "copy the file into the directory",
  );
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

function refused(found: string, expected: string, hint: string): ReleaseError {
  return new ReleaseError({ code: "spec_invalid", message: `found ${found}, expected ${expected}`, hint });
}
