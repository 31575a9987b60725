import { digestOf, type Descriptor, type Digest, type ReleaseEntry, type ReleaseRegistry } from "@perch/domain";
import { refuseTakenVersion } from "../oci/release-entry.ts";

export function createMemoryRegistry(): ReleaseRegistry {
  const blobs = new Map<Digest, Uint8Array>();
  const entries = new Map<Digest, ReleaseEntry>();
  const referrers = new Map<Digest, Map<Digest, Descriptor>>();
  const releases = (): readonly ReleaseEntry[] =>
    [...entries.values()].toSorted((a, b) => a.agent.localeCompare(b.agent, "en"));

  return {
    hasBlob: async (digest) => blobs.has(digest),
    readBlob: async (digest) => blobs.get(digest)?.slice() ?? null,
    async writeBlob(bytes) {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes.slice());
      return digest;
    },
    async addRelease(entry) {
      refuseTakenVersion(releases(), entry);
      if (!entries.has(entry.descriptor.digest)) entries.set(entry.descriptor.digest, entry);
    },
    async addReferrer(subject, referrer) {
      const known = referrers.get(subject) ?? new Map<Digest, Descriptor>();
      referrers.set(subject, known.set(referrer.digest, known.get(referrer.digest) ?? referrer));
    },
    releases: async () => releases(),
    referrers: async (subject) => [...(referrers.get(subject)?.values() ?? [])],
  };
}
