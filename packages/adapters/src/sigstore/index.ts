export {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  type KeyPairPem,
  type SigningKey,
  type TrustedKey,
} from "./key.ts";
export { encryptSigningKey, isEncryptedKey, openSigningKey } from "./encrypted-key.ts";
export { trustKeys, trustNobody, type Trust } from "./trust.ts";
export { readTrustDirectory } from "./trust-directory.ts";
export { readTrustPolicy } from "./trust-policy-file.ts";
export { parseTrustedRoot, type TrustedRoot } from "./trusted-root.ts";
export { createKeylessSigner, PUBLIC_SERVICES, type KeylessServices } from "./keyless-signer.ts";
export { createKeySigner, type StatementSigner } from "./statement-signer.ts";
export { signRelease, signReleaseKeyless, type SignedRelease } from "./sign-release.ts";
export { attestRelease, PREDICATE_TYPES, type Attestation } from "./attest-release.ts";
export { countAttached } from "./referrers.ts";
export { inspectAttached, type InspectedAttached, type ListedAttestation } from "./inspect-attached.ts";
export { verifyRelease, type VerifiedRelease } from "./verify-release.ts";
export { createVerifiedReleaseSource } from "./verified-release-source.ts";
