import type { AgentName } from "../routing/ids.ts";
import type { Digest } from "./digest.ts";
import type { ReleasePolicy } from "./policy.ts";
import type { ReleaseReference } from "./reference.ts";

/** A release whose signature and every byte were verified a moment ago. */
export type AdmittedRelease = {
  readonly agent: AgentName;
  readonly version: string;
  readonly digest: Digest;
  readonly policy: ReleasePolicy;
  /** Short fingerprints of the trusted keys whose signatures were found good; never empty. */
  readonly signedBy: readonly string[];
};

/**
 * Finds a release and verifies it: signature by a trusted key over the manifest digest, and every blob against its
 * digest. Fails closed: throws `ReleaseError` (`release_unknown`, `unsigned`, `signature_rejected`, `digest_mismatch`).
 */
export interface ReleaseSource {
  admit(reference: ReleaseReference): Promise<AdmittedRelease>;
}
