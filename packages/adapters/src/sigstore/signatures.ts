import { parseOciManifest, type Digest, type ReleaseRepository } from "@perch/domain";
import { readBlobPart, readManifestPart } from "../release-artifact/index.ts";
import { BUNDLE_TYPE, verifyBundle } from "./bundle.ts";
import type { TrustedKey } from "./key.ts";

export type SignatureCheck = {
  /** Fingerprints of the trusted keys whose signatures are good. */
  readonly signedBy: readonly string[];
  /** Why each of the others does not count. */
  readonly rejections: readonly string[];
};

/** Checks every signature attached to a manifest. Throws `ReleaseError` `digest_mismatch` when one was altered. */
export async function checkSignatures(
  repository: ReleaseRepository,
  digest: Digest,
  keys: readonly TrustedKey[],
): Promise<SignatureCheck> {
  const signedBy = new Set<string>();
  const rejections: string[] = [];
  for (const referrer of await repository.referrers(digest)) {
    if ((referrer.artifactType ?? BUNDLE_TYPE) !== BUNDLE_TYPE) continue;
    const what = `signature manifest ${referrer.digest}`;
    const manifest = parseOciManifest(await readManifestPart(repository, referrer, what), what);
    await readBlobPart(repository, manifest.config, `config of ${what}`);
    for (const layer of manifest.layers) {
      const bundle = await readBlobPart(repository, layer, `signature bundle ${layer.digest}`);
      const verdict = verifyBundle(bundle, digest, keys);
      if (verdict.kind === "good") verdict.signedBy.forEach((fingerprint) => signedBy.add(fingerprint));
      else rejections.push(`${layer.digest.slice(0, 19)}…: ${verdict.reason}`);
    }
  }
  return { signedBy: [...signedBy], rejections };
}
