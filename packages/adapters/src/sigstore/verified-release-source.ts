import type { ReleaseRegistry, ReleaseSource } from "@perch/domain";
import { readTrustDirectory } from "./trust-directory.ts";
import { verifyRelease } from "./verify-release.ts";

/** Admits releases of a registry that a key of the trust directory signed. Both are read at every call. */
export function createVerifiedReleaseSource({
  registry,
  trustDirectory,
}: {
  readonly registry: ReleaseRegistry;
  readonly trustDirectory: string;
}): ReleaseSource {
  return {
    async admit(reference) {
      const keys = await readTrustDirectory(trustDirectory);
      const { digest, manifest, policy, signedBy } = await verifyRelease(registry, reference, keys);
      return { agent: manifest.agent, version: manifest.version, digest, policy, signedBy };
    },
  };
}
