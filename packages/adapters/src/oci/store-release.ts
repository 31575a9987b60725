import { OCI_MANIFEST_TYPE, type BuiltRelease, type Descriptor, type ReleaseRegistry } from "@perch/domain";
import { refuseTakenVersion } from "./release-entry.ts";

/** Stores the blobs first and the entry last, so that a release that can be found is complete. */
export async function storeRelease(registry: ReleaseRegistry, release: BuiltRelease): Promise<Descriptor> {
  const { agent, version } = release.manifest;
  for (const bytes of release.blobs.values()) await registry.writeBlob(bytes);
  const digest = await registry.writeBlob(release.ociManifest);
  const descriptor = { mediaType: OCI_MANIFEST_TYPE, digest, size: release.ociManifest.length };
  refuseTakenVersion(await registry.releases(), { agent, version, descriptor });
  await registry.addRelease({ agent, version, descriptor });
  return descriptor;
}
