import type { AgentName } from "../routing/ids.ts";
import type { Digest } from "./digest.ts";
import type { Descriptor } from "./oci-manifest.ts";

/** A release as a registry lists it. Unverified: only its digest is certain, once the bytes were checked against it. */
export type ReleaseEntry = { readonly agent: AgentName; readonly version: string; readonly descriptor: Descriptor };

/**
 * Keeps releases as OCI artifacts. Bytes are stored by their digest and never change; the two `add` methods make a
 * manifest findable and come last, after the blobs that it names.
 */
export interface ReleaseRegistry {
  hasBlob(digest: Digest): Promise<boolean>;
  /** Null when unknown. Throws `ReleaseError` `digest_mismatch` when the stored bytes are not those of the digest. */
  readBlob(digest: Digest): Promise<Uint8Array | null>;
  /** Storing the same bytes again changes nothing. */
  writeBlob(bytes: Uint8Array): Promise<Digest>;
  /** The same version with the same digest changes nothing; with another digest: `ReleaseError` `version_taken`. */
  addRelease(entry: ReleaseEntry): Promise<void>;
  /** Adding the same referrer again changes nothing. */
  addReferrer(subject: Digest, referrer: Descriptor): Promise<void>;
  /** By agent, then in the order in which they were added. */
  releases(): Promise<readonly ReleaseEntry[]>;
  /** What refers to this manifest, signatures above all, in the order in which it was added. */
  referrers(subject: Digest): Promise<readonly Descriptor[]>;
}
