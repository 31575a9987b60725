import {
  formatReleaseReference,
  judgeTrust,
  ReleaseError,
  type ReleaseReference,
  type ReleaseRegistry,
} from "@perch/domain";
import { openRelease, type OpenRelease } from "../release-artifact/index.ts";
import { checkAttached } from "./check-attached.ts";
import type { Trust } from "./trust.ts";

/** A release whose every byte was checked and which enough trusted signers signed. */
export type VerifiedRelease = OpenRelease & {
  /** The signers that counted: fingerprints of keys, with their names where they have one, and identities. */
  readonly signedBy: readonly string[];
};

/**
 * Fails closed: throws `ReleaseError` `release_unknown`, `digest_mismatch` for any byte of the release and of what is
 * attached to it, `unsigned` or `signature_rejected` with every reason. `now` decides about keys that count for a time.
 */
export async function verifyRelease(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Promise<VerifiedRelease> {
  const release = await openRelease(registry, reference);
  const { agent } = release.manifest;
  const { signatures, rejections } = await checkAttached(registry.repository(agent), release.digest, trust);
  const good = signatures.map(({ signature }) => signature);
  const verdict = judgeTrust(trust.policy, good, { agent, now: now.getTime() });
  if (verdict.kind === "accepted") return { ...release, signedBy: verdict.signedBy };
  const name = formatReleaseReference(reference);
  if (signatures.length + rejections.length === 0) {
    throw new ReleaseError({
      code: "unsigned",
      message: `found no signature on ${name} (${release.digest}), expected one by a trusted key`,
      hint: `sign it with \`perch release sign ${name} --key perch.key\``,
    });
  }
  throw new ReleaseError({
    code: "signature_rejected",
    message: `found no signatures on ${name} that admit it by ${trust.origin}: ${[...verdict.reasons, ...rejections].join("; ")}`,
    hint: "sign it with a trusted key, or trust the signer: `perch key trust FILE`, or a rule of the trust policy",
  });
}
