import { posix } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { isPathInside, ReleaseError } from "@perch/domain";
import { extract } from "tar-stream";

export type ArchiveEntry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/**
 * What an orchestration archive holds. Throws `ReleaseError` `layout_invalid` for names or links that lead outside,
 * below a link, or to the same place twice: an archive may be signed and still not be trusted with the file system.
 */
export async function readArchive(bytes: Uint8Array): Promise<readonly ArchiveEntry[]> {
  const archive = extract();
  // An error of the source reaches the loop below through the extractor.
  Readable.from([bytes])
    .on("error", (error) => archive.destroy(error))
    .pipe(archive);
  const entries: ArchiveEntry[] = [];
  try {
    for await (const entry of archive) {
      const { name, type, linkname } = entry.header;
      const content = await buffer(entry);
      if (type === "file") entries.push({ kind: "file", path: name, bytes: content });
      else if (type === "symlink") entries.push({ kind: "link", path: name, target: linkname ?? "" });
      else if (type !== "directory") throw unsafe(`a ${type ?? "nameless"} entry ${JSON.stringify(name)}`);
    }
  } catch (cause) {
    throw cause instanceof ReleaseError ? cause : unsafe("an archive that cannot be read", cause);
  }
  refuseUnsafe(entries);
  return entries;
}

function refuseUnsafe(entries: readonly ArchiveEntry[]): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (!isPathInside(entry.path) || entry.path !== posix.normalize(entry.path) || entry.path === ".") {
      throw unsafe(`an entry ${JSON.stringify(entry.path)}`);
    }
    if (seen.has(entry.path)) throw unsafe(`two entries ${JSON.stringify(entry.path)}`);
    seen.add(entry.path);
    if (entry.kind === "link" && !isSafeLink(entry.path, entry.target)) {
      throw unsafe(`a link ${JSON.stringify(entry.path)} to ${JSON.stringify(entry.target)}`);
    }
  }
  for (const path of seen) {
    for (let above = posix.dirname(path); above !== "."; above = posix.dirname(above)) {
      if (seen.has(above)) throw unsafe(`an entry ${JSON.stringify(path)} below another entry`);
    }
  }
}

// Normal form has ".." only in front, where it climbs real directories: no climbing out through another link.
function isSafeLink(path: string, target: string): boolean {
  if (target === "" || posix.isAbsolute(target) || target !== posix.normalize(target)) return false;
  return isPathInside(posix.join(posix.dirname(path), target));
}

function unsafe(found: string, cause?: unknown): ReleaseError {
  return new ReleaseError({
    code: "layout_invalid",
    message: `found ${found} in the orchestration archive, expected files and links inside it`,
    hint: "build the release again with `perch release build`",
    cause,
  });
}
