import { RELEASE_LIMITS } from "@perch/domain";
import { findEntryFlaws, type ArchiveEntry } from "./archive-entry.ts";
import { compareEntries, packEntries } from "./pack-entries.ts";
import { readTar } from "./read-tar.ts";
import { unsafeArchive } from "./unsafe-archive.ts";

/**
 * What an orchestration archive holds; the bytes are views into the archive. Throws `ReleaseError` `layout_invalid` for
 * anything but an archive that Perch packs: a signed archive is still not trusted with the file system.
 */
export async function readArchive(bytes: Uint8Array): Promise<readonly ArchiveEntry[]> {
  if (bytes.length > RELEASE_LIMITS.blobBytes) throw unsafeArchive(`${bytes.length} bytes`);
  const entries = readTar(bytes);
  const [flaw] = findEntryFlaws(entries);
  if (flaw !== undefined) throw unsafeArchive(`${flaw.found} (${JSON.stringify(flaw.path.slice(0, 200))})`);
  await requireOwnForm(bytes, entries);
  return entries;
}

// Packed again it has to be the same: there is one archive for one directory, and nothing hides in headers or padding.
async function requireOwnForm(bytes: Uint8Array, entries: readonly ArchiveEntry[]): Promise<void> {
  let at = 0;
  for await (const expected of packEntries(entries.toSorted(compareEntries))) {
    if (!(expected instanceof Uint8Array)) continue;
    if (Buffer.compare(bytes.subarray(at, at + expected.length), expected) !== 0) {
      throw unsafeArchive("entries in another form or order");
    }
    at += expected.length;
  }
  if (at !== bytes.length) throw unsafeArchive("bytes behind the last entry");
}
