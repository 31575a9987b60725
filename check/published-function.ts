import { createHash } from "node:crypto";

/** The assignment function as docs/assignment.md publishes it: written anew, so that both would have to be wrong alike. */
export function publishedBucket(seed: string, key: string): number {
  const first = createHash("sha256").update(seed).update("\0").update(key).digest().subarray(0, 8);
  let bucket = 0;
  for (const byte of first) bucket = (bucket * 256 + byte) % 10_000;
  return bucket;
}

export function publishedArm(bucket: number, weightBp: number): "canary" | "baseline" {
  return bucket < weightBp ? "canary" : "baseline";
}
