import { posix } from "node:path";
import { isPathInside } from "@perch/domain";

export type ArchiveEntry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export type EntryFlaw = { readonly path: string; readonly found: string };

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;

/**
 * What in an orchestration archive could not be unpacked alike everywhere, or would reach outside: names that climb, in
 * two spellings that some file systems take for one, or below something that is no directory; links to what is not there.
 */
export function findEntryFlaws(entries: readonly ArchiveEntry[]): readonly EntryFlaw[] {
  const flaws: EntryFlaw[] = [];
  const paths = new Set<string>();
  const directories = new Set<string>();
  const spellings = new Map<string, string>();
  for (const { path } of entries) {
    const flaw = nameFlaw(path) ?? (paths.has(path) ? "a second entry of this name" : null);
    if (flaw !== null) flaws.push({ path, found: flaw });
    paths.add(path);
    for (const above of directoriesOf(path)) directories.add(above);
    const other = otherSpelling(path, spellings);
    if (other !== null) {
      flaws.push({ path, found: `a name that differs from ${JSON.stringify(other)} only in its letters' case` });
    }
  }
  for (const entry of entries) {
    if (directories.has(entry.path)) flaws.push({ path: entry.path, found: "entries below what is no directory" });
    if (entry.kind === "link" && !isSafeLink(entry, { paths, directories })) {
      flaws.push({ path: entry.path, found: `a link to ${JSON.stringify(entry.target)}` });
    }
  }
  return flaws;
}

function nameFlaw(path: string): string | null {
  if (path === "" || path === "." || !isPathInside(path) || path !== posix.normalize(path) || path.endsWith("/")) {
    return "a name that is no plain relative path";
  }
  // Visible and in one spelling, so that what a person reads is what is there.
  if (/\p{Cc}/u.test(path) || !path.isWellFormed()) return "a name with control characters";
  if (path !== path.normalize("NFC")) return "a name that is not in Unicode's normal form C";
  const isLong = Buffer.byteLength(path) > MAX_PATH_BYTES || path.split("/").some(isLongName);
  return isLong ? `a name of more than ${MAX_NAME_BYTES} bytes` : null;
}

function isLongName(name: string): boolean {
  return Buffer.byteLength(name) > MAX_NAME_BYTES;
}

/** The spelling under which this path, or a directory above it, is known already; null when it is the first. */
function otherSpelling(path: string, spellings: Map<string, string>): string | null {
  for (const part of [...directoriesOf(path), path]) {
    const folded = part.normalize("NFC").toUpperCase().toLowerCase();
    const known = spellings.get(folded);
    if (known !== undefined && known !== part) return known;
    spellings.set(folded, part);
  }
  return null;
}

function directoriesOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

type Tree = { readonly paths: ReadonlySet<string>; readonly directories: ReadonlySet<string> };

// Normal form has ".." only in front, where it climbs real directories, since nothing lies below a link.
function isSafeLink({ path, target }: { path: string; target: string }, { paths, directories }: Tree): boolean {
  if (target === "" || target === "." || posix.isAbsolute(target) || target !== posix.normalize(target)) return false;
  const end = posix.join(posix.dirname(path), target);
  return isPathInside(end) && end !== path && (paths.has(end) || directories.has(end));
}
