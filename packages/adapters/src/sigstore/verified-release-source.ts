import type { ReleaseRegistry, ReleaseSource } from "@perch/domain";
import { readTrustDirectory } from "./trust-directory.ts";
import { verifyRelease } from "./verify-release.ts";

/** Admits releases of a registry that the trust directory trusts. Both are read at every call. */
export function createVerifiedReleaseSource({
  registry,
  trustDirectory,
  now,
}: {
  readonly registry: ReleaseRegistry;
  readonly trustDirectory: string;
  /** The clock for keys that count for a time. */
  readonly now: () => Date;
}): ReleaseSource {
  return {
    async admit(reference) {
      const trust = await readTrustDirectory(trustDirectory);
      const { digest, manifest, policy, signedBy } = await verifyRelease(registry, reference, { trust, now: now() });
      return { agent: manifest.agent, version: manifest.version, digest, policy, signedBy };
    },
  };
}
