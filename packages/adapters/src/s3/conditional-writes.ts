import type { Bucket, WriteCondition } from "./bucket.ts";

const PROBE = {
  bytes: Buffer.from("Perch writes this object to find out whether the bucket honours conditional writes.\n"),
  mediaType: "text/plain",
};
const NEVER_AN_ETAG = '"00000000000000000000000000000000"';

/**
 * Whether the server really refuses a write whose condition does not hold. There is no way to ask: servers that know
 * nothing of conditional writes ignore the headers. The object stays: so writing needs no right to delete, a bucket that
 * keeps versions does not fill up with them, and nobody who probes at the same time is misled.
 */
export async function honoursConditions(bucket: Bucket, key: string): Promise<boolean> {
  const isRefused = async (condition: WriteCondition): Promise<boolean> =>
    (await bucket.write(key, PROBE, condition)) === "conflict";
  const isAbsent = { kind: "isAbsent" } as const;
  // The first one may be refused only because the object is there from now on.
  if (!(await isRefused(isAbsent)) && !(await isRefused(isAbsent))) return false;
  return isRefused({ kind: "isUnchanged", etag: NEVER_AN_ETAG });
}
