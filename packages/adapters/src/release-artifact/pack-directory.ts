import { lstat, readdir, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { buffer } from "node:stream/consumers";
import { findSecretsInText, RELEASE_LIMITS, ReleaseError, secretFile, type ReleaseProblem } from "@perch/domain";
import { findEntryFlaws, type ArchiveEntry } from "./archive-entry.ts";
import { compareEntries, packEntries } from "./pack-entries.ts";

export type PackedDirectory = {
  readonly bytes: Uint8Array;
  /** Every file and link, in the order of the archive; paths have forward slashes. */
  readonly entries: readonly ArchiveEntry[];
};

/** Whether a text that looks like a secret is known to be none. Line null: the file as a whole. */
export type IsSecretAllowed = (path: string, line: number | null) => boolean;

type Problem = ReleaseProblem & { readonly file: string };
type Packing = {
  readonly root: string;
  readonly isSecretAllowed: IsSecretAllowed;
  readonly entries: ArchiveEntry[];
  readonly problems: Problem[];
  bytesLeft: number;
};

// Larger files are programs and data; nobody keeps a key in them by mistake.
const MAX_SCANNED_BYTES = 8 * 1024 * 1024;

/**
 * A directory as a tar archive that depends on names and contents alone: sorted, one owner, one time, one mode. Empty
 * directories are left out, as Git does. Throws `ReleaseError` `spec_invalid` with every problem and its file: what cannot
 * be carried to another machine (links out of the directory, devices, names that not every file system can tell apart),
 * and what nobody should carry there: secrets.
 */
export async function packDirectory(
  directory: string,
  isSecretAllowed: IsSecretAllowed = () => false,
): Promise<PackedDirectory> {
  const root = await realpath(directory);
  const packing: Packing = { root, isSecretAllowed, entries: [], problems: [], bytesLeft: RELEASE_LIMITS.blobBytes };
  await collect(packing, "");
  const entries = packing.entries.toSorted(compareEntries);
  for (const { path, found } of findEntryFlaws(entries)) {
    packing.problems.push({ file: path, message: `found ${found}, expected what unpacks alike everywhere: rename it` });
  }
  refuse(directory, packing.problems);
  const bytes = await buffer(packEntries(entries));
  if (bytes.length > RELEASE_LIMITS.blobBytes) throw tooLarge(directory);
  return { bytes, entries };
}

async function collect(packing: Packing, below: string): Promise<void> {
  // As bytes: a name that is not UTF-8 would be read as another one.
  for (const name of await readdir(join(packing.root, below), { encoding: "buffer" })) {
    const text = name.toString("utf8");
    const path = below === "" ? text : `${below}/${text}`;
    if (!Buffer.from(text).equals(name)) {
      packing.problems.push({ file: path, message: "found a name that is not UTF-8, expected one: rename it" });
    } else if (packing.entries.length >= RELEASE_LIMITS.archiveEntries) {
      throw tooLarge(packing.root);
    } else {
      await collectOne(packing, path);
    }
  }
}

async function collectOne(packing: Packing, path: string): Promise<void> {
  const full = join(packing.root, path);
  const status = await lstat(full);
  if (status.isDirectory()) return collect(packing, path);
  const problem = (message: string): void => void packing.problems.push({ file: path, message });
  if (status.isSymbolicLink()) {
    const { written, target } = await readLink(packing.root, full);
    if (target !== null) packing.entries.push({ kind: "link", path, target });
    else
      problem(`found the link ${path} to ${JSON.stringify(written)}, expected links to what is inside the directory`);
  } else if (!status.isFile()) {
    problem(`found ${path}, which is neither file, directory nor link, expected files: remove it`);
  } else {
    packing.bytesLeft -= status.size;
    if (packing.bytesLeft < 0) throw tooLarge(packing.root);
    const bytes = await readFile(full);
    packing.entries.push({ kind: "file", path, bytes });
    packing.problems.push(...secretsIn(path, bytes, packing.isSecretAllowed));
  }
}

/** The link as it was written, and the shortest way to what it ends at; null where that is outside or nowhere. */
async function readLink(root: string, full: string): Promise<{ written: string; target: string | null }> {
  const written = await readlink(full);
  const real = await realpath(full).catch(() => null);
  if (isAbsolute(written) || real === null || !isBelow(root, real)) return { written, target: null };
  return { written, target: relative(dirname(full), real).split(sep).join("/") };
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function secretsIn(path: string, bytes: Uint8Array, isAllowed: IsSecretAllowed): readonly Problem[] {
  const kind = secretFile(path);
  if (kind !== null && !isAllowed(path, null)) {
    return [{ file: path, message: `found ${kind}, expected no secrets: pass them in the environment` }];
  }
  if (bytes.length > MAX_SCANNED_BYTES || bytes.includes(0)) return [];
  return findSecretsInText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"))
    .filter(({ line }) => !isAllowed(path, line))
    .map((problem) => ({ file: path, ...problem }));
}

function refuse(directory: string, problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const message =
    problems.length === 1 ? `${first.file}: ${first.message}` : `found ${problems.length} problems in ${directory}`;
  const hint =
    "correct the files, or leave them out; spec.secretScan in agent.yaml allows what only looks like a secret";
  throw new ReleaseError({ code: "spec_invalid", message, hint, problems });
}

function tooLarge(directory: string): ReleaseError {
  const { blobBytes, archiveEntries } = RELEASE_LIMITS;
  return new ReleaseError({
    code: "spec_invalid",
    message: `found too much in ${directory}, expected at most ${archiveEntries} files and ${blobBytes} bytes`,
    hint: "leave out what the agent does not need to run",
  });
}
