import type { Digest, ReleaseReference, ReleaseRegistry } from "@perch/domain";
import { openRelease } from "../release-artifact/index.ts";
import { attachStatement } from "./attach-statement.ts";
import { readBundle } from "./bundle.ts";
import { certifiedName } from "./certificate.ts";
import { checkAttached } from "./check-attached.ts";
import type { SigningKey } from "./key.ts";
import { signInTag } from "./simple-signing.ts";
import { createKeySigner, type StatementSigner } from "./statement-signer.ts";
import { SIGN_PREDICATE } from "./statement.ts";

export type SignedRelease = {
  readonly digest: Digest;
  readonly signedBy: string;
  /** False when this key had signed the release before; nothing was added then. */
  readonly isNew: boolean;
};

const SIGNING = { predicateType: SIGN_PREDICATE, predicate: {} };

/** Checks every byte of a release, then attaches a signature over its digest as an OCI referrer. */
export async function signRelease(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  options: {
    readonly key: SigningKey;
    readonly now: Date;
    /** Signs in cosign's older form too, under the tag `sha256-….sig`. */
    readonly legacyTag?: boolean;
  },
): Promise<SignedRelease> {
  const { key, now, legacyTag = false } = options;
  const { digest, descriptor } = await openRelease(registry, reference);
  const repository = registry.repository(reference.agent);
  const { signatures } = await checkAttached(repository, digest, { keys: [key], root: null });
  const forms = new Set(signatures.map(({ form }) => form));
  const needsTag = legacyTag && !forms.has("tag");
  if (!forms.has("bundle")) {
    await attachStatement(repository, descriptor, { ...SIGNING, signer: createKeySigner(key), now });
  }
  if (needsTag) await signInTag(repository, digest, key);
  return { digest, signedBy: key.fingerprint, isNew: !forms.has("bundle") || needsTag };
}

/** As `signRelease`, by an identity: each time a new signature, since its certificate is new each time. */
export async function signReleaseKeyless(
  registry: ReleaseRegistry,
  reference: ReleaseReference,
  { signer, now }: { readonly signer: StatementSigner; readonly now: Date },
): Promise<SignedRelease> {
  const { digest, descriptor } = await openRelease(registry, reference);
  const repository = registry.repository(reference.agent);
  const { bundle } = await attachStatement(repository, descriptor, { ...SIGNING, signer, now });
  const reading = readBundle(bundle);
  return { digest, signedBy: reading.kind === "read" ? certifiedName(reading.bundle) : reading.reason, isNew: true };
}
