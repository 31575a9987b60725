import type { ReleaseSource } from "@perch/domain";
import { createDirectoryRegistry } from "../oci/index.ts";
import { readTrustDirectory } from "./trust-directory.ts";
import { verifyRelease } from "./verify-release.ts";

/** Admits releases of an OCI layout directory that a key of the trust directory signed. Both are read at every call. */
export function createVerifiedReleaseSource(directories: {
  readonly layoutDirectory: string;
  readonly trustDirectory: string;
}): ReleaseSource {
  const registry = createDirectoryRegistry(directories.layoutDirectory);
  return {
    async admit(reference) {
      const keys = await readTrustDirectory(directories.trustDirectory);
      const { digest, manifest, policy, signedBy } = await verifyRelease(registry, reference, keys);
      return { agent: manifest.agent, version: manifest.version, digest, policy, signedBy };
    },
  };
}
