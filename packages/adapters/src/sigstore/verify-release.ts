import { formatReleaseReference, ReleaseError, type ReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { openRelease, type OpenRelease } from "../release-artifact/index.ts";
import type { TrustedKey } from "./key.ts";
import { checkSignatures } from "./signatures.ts";

/** A release whose every byte was checked and which a trusted key signed. */
export type VerifiedRelease = OpenRelease & { readonly signedBy: readonly string[] };

/** Fails closed: throws `ReleaseError` `release_unknown`, `digest_mismatch`, `unsigned` or `signature_rejected`. */
export async function verifyRelease(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  keys: readonly TrustedKey[],
): Promise<VerifiedRelease> {
  const release = await openRelease(registry, reference);
  const { signedBy, rejections } = await checkSignatures(registry.repository(reference.agent), release.digest, keys);
  if (signedBy.length > 0) return { ...release, signedBy };
  const name = formatReleaseReference(reference);
  if (rejections.length === 0) {
    throw new ReleaseError({
      code: "unsigned",
      message: `found no signature on ${name} (${release.digest}), expected one by a trusted key`,
      hint: `sign it with \`perch release sign ${name} --key perch.key\``,
    });
  }
  throw new ReleaseError({
    code: "signature_rejected",
    message: `found ${rejections.length} signature${rejections.length === 1 ? "" : "s"} on ${name} and none that counts: ${rejections.join("; ")}`,
    hint: `trusted are the keys ${keys.map((key) => key.fingerprint).join(", ")}: sign with one of them, or trust the signer's key`,
  });
}
