import type { AgentName } from "../routing/ids.ts";
import type { Digest } from "./digest.ts";
import type { ReleasePolicy } from "./policy.ts";
import type { ReleaseReference } from "./reference.ts";

/** A release whose signatures and every byte were verified a moment ago. */
export type AdmittedRelease = {
  readonly agent: AgentName;
  readonly version: string;
  readonly digest: Digest;
  readonly policy: ReleasePolicy;
  /** The trusted signers that counted, as a person reads them: keys by fingerprint, and identities. Never empty. */
  readonly signedBy: readonly string[];
};

/**
 * Finds a release and verifies it: signatures over the manifest digest by as many trusted signers as required, and every
 * blob against its digest. Fails closed: throws `ReleaseError` (`release_unknown`, `unsigned`, `signature_rejected`,
 * `digest_mismatch`, `key_invalid`, `trust_policy_invalid`).
 */
export interface ReleaseSource {
  admit(reference: ReleaseReference): Promise<AdmittedRelease>;
}
