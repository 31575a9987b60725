export type ReadObject = { readonly bytes: Uint8Array; readonly etag: string };
export type NewObject = { readonly bytes: Uint8Array; readonly mediaType: string };

/** Which object to copy: the one that was read with this ETag. */
export type CopySource = { readonly bucket: string; readonly key: string; readonly etag: string };

/** What must hold for an object to be written: that there is none under the key, or still the one that was read. */
export type WriteCondition =
  { readonly kind: "none" } | { readonly kind: "isAbsent" } | { readonly kind: "isUnchanged"; readonly etag: string };

/** `conflict`: the condition did not hold. `unsupported`: the server says that it knows no such condition. */
export type WriteOutcome = "written" | "conflict" | "unsupported";

/**
 * The objects of a bucket. A read sees every write that ended before it began. Whether conditions are honoured depends on
 * the server: one that does not know them may write all the same. Throws `ReleaseError` `registry_unreachable` and
 * `registry_refused`.
 */
export interface Bucket {
  /** Null when there is none. Never more than `limit + 1` bytes: one too many shows that there are more. */
  read(key: string, limit: number): Promise<ReadObject | null>;
  /** In bytes; null when there is none. */
  size(key: string): Promise<number | null>;
  write(key: string, object: NewObject, condition: WriteCondition): Promise<WriteOutcome>;
  /** Takes an object over from a bucket of the same server. False: it cannot. */
  copy(key: string, from: CopySource): Promise<boolean>;
  /** The names that stand between the prefix, which ends with a slash, and the next slash. */
  folders(prefix: string): Promise<readonly string[]>;
}
