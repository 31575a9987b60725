import type { BuiltRelease, Descriptor, ReleaseRegistry } from "@perch/domain";

/** Stores the blobs first and the entry last, so that a release that can be found is complete. */
export async function storeRelease(registry: ReleaseRegistry, release: BuiltRelease): Promise<Descriptor> {
  const { agent, version } = release.manifest;
  const repository = registry.repository(agent);
  for (const bytes of release.blobs.values()) await repository.writeBlob(bytes);
  return repository.addRelease(version, release.ociManifest);
}
