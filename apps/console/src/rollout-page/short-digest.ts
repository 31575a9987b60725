const SHOWN = 8;

/** `sha256:9f2c81d0…` → `9f2c81d0`. */
export function shortDigest(digest: string): string {
  const hex = digest.startsWith("sha256:") ? digest.slice("sha256:".length) : digest;
  return hex.slice(0, SHOWN);
}
