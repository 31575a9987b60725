import { pack, type Pack } from "tar-stream";
import type { ArchiveEntry } from "./archive-entry.ts";

// A fixed time for every file: when a file was last touched is no part of a release.
const EPOCH = new Date(0);

/** The one archive that holds these entries in this order: one owner, one time, one mode. */
export function packEntries(entries: readonly ArchiveEntry[]): Pack {
  const archive = pack();
  for (const entry of entries) {
    const header = { name: entry.path, mtime: EPOCH, uid: 0, gid: 0, uname: "", gname: "" };
    if (entry.kind === "link") archive.entry({ ...header, mode: 0o777, type: "symlink", linkname: entry.target });
    else archive.entry({ ...header, mode: 0o644 }, withoutCopy(entry.bytes));
  }
  archive.finalize();
  return archive;
}

/** By the bytes of their paths: the order of an archive. */
export function compareEntries(a: ArchiveEntry, b: ArchiveEntry): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

function withoutCopy(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
