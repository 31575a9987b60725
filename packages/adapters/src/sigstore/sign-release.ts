import {
  EMPTY_CONFIG,
  referrerOciManifest,
  type Digest,
  type ReleaseReference,
  type ReleaseRegistry,
} from "@perch/domain";
import { openRelease } from "../release-artifact/index.ts";
import { BUNDLE_TYPE, SIGN_PREDICATE, signDigest } from "./bundle.ts";
import type { SigningKey } from "./key.ts";
import { checkSignatures } from "./signatures.ts";

export type SignedRelease = {
  readonly digest: Digest;
  readonly signedBy: string;
  /** False when this key had signed the release before; nothing was added then. */
  readonly isNew: boolean;
};

/** Checks every byte of a release, then attaches a signature over its digest as an OCI referrer. */
export async function signRelease(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  { key, now }: { readonly key: SigningKey; readonly now: Date },
): Promise<SignedRelease> {
  const { digest, descriptor } = await openRelease(registry, reference);
  const repository = registry.repository(reference.agent);
  const signedBy = key.fingerprint;
  const known = await checkSignatures(repository, digest, [key]);
  if (known.signedBy.length > 0) return { digest, signedBy, isNew: false };

  const bundle = signDigest(digest, key);
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": SIGN_PREDICATE,
    "org.opencontainers.image.created": now.toISOString(),
  };
  const manifest = referrerOciManifest({
    subject: descriptor,
    artifactType: BUNDLE_TYPE,
    blob: { digest: await repository.writeBlob(bundle), size: bundle.length },
    config: { digest: await repository.writeBlob(EMPTY_CONFIG), size: EMPTY_CONFIG.length },
    annotations,
  });
  await repository.addReferrer(manifest);
  return { digest, signedBy, isNew: true };
}
