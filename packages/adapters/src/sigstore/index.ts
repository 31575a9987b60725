export {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  type KeyPairPem,
  type SigningKey,
  type TrustedKey,
} from "./key.ts";
export { readTrustDirectory } from "./trust-directory.ts";
export { checkSignatures, type SignatureCheck } from "./signatures.ts";
export { signRelease, type SignedRelease } from "./sign-release.ts";
export { verifyRelease, type VerifiedRelease } from "./verify-release.ts";
export { createVerifiedReleaseSource } from "./verified-release-source.ts";
