import { ReleaseError } from "@perch/domain";

// Whoever may push to a repository may attach to its releases: that must not exhaust whoever verifies one.
const MOST_PARTS = 256;
const MOST_BYTES = 64 * 1024 * 1024;

/** Throws `ReleaseError` `layout_invalid` before anything is read, when there is more than a release could need. */
export function requireModestSizes(parts: readonly { readonly size: number }[], what: string): void {
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  if (parts.length <= MOST_PARTS && bytes <= MOST_BYTES) return;
  throw new ReleaseError({
    code: "layout_invalid",
    message: `found ${parts.length} parts with ${bytes} bytes in ${what}, expected at most ${MOST_PARTS} with ${MOST_BYTES}`,
    hint: "somebody attached more to this release than anybody reads: remove it from the registry, or copy the release elsewhere",
  });
}
