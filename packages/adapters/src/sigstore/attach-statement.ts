import { EMPTY_CONFIG, referrerOciManifest, type Descriptor, type ReleaseRepository } from "@perch/domain";
import { BUNDLE_TYPE } from "./bundle.ts";
import type { StatementSigner } from "./statement-signer.ts";
import { formatStatement } from "./statement.ts";

export type AttachedStatement = { readonly bundle: Uint8Array; readonly manifest: Descriptor };

/** Signs a statement about a manifest and attaches it by an OCI referrer, as cosign 3 does. */
export async function attachStatement(
  repository: ReleaseRepository,
  subject: Descriptor,
  statement: {
    readonly predicateType: string;
    readonly predicate: unknown;
    readonly signer: StatementSigner;
    readonly now: Date;
  },
): Promise<AttachedStatement> {
  const bundle = await statement.signer.sign(formatStatement(subject.digest, statement));
  const manifest = referrerOciManifest({
    subject,
    artifactType: BUNDLE_TYPE,
    blob: { digest: await repository.writeBlob(bundle), size: bundle.length },
    config: { digest: await repository.writeBlob(EMPTY_CONFIG), size: EMPTY_CONFIG.length },
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": statement.predicateType,
      "org.opencontainers.image.created": statement.now.toISOString(),
    },
  });
  return { bundle, manifest: await repository.addReferrer(manifest) };
}
