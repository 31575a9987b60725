import {
  digestOf,
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  type AgentName,
  type Descriptor,
  type Digest,
  type ReleaseEntry,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { checkBytes, parseReferrer, refuseTakenVersion, sortReleases } from "../release-artifact/index.ts";

export function createMemoryRegistry(): ReleaseRegistry {
  const repositories = new Map<AgentName, MemoryRepository>();
  return {
    async agents() {
      const held = [...repositories.values()].filter(({ holdsReleases }) => holdsReleases());
      return held.map(({ agent }) => agent).toSorted();
    },
    repository(agent) {
      const known = repositories.get(agent) ?? createMemoryRepository(agent);
      repositories.set(agent, known);
      return known;
    },
  };
}

type MemoryRepository = ReleaseRepository & { readonly holdsReleases: () => boolean };

type Blobs = Pick<ReleaseRepository, "hasBlob" | "readBlob" | "writeBlob" | "takeBlob">;
type Manifests = Pick<ReleaseRepository, "readManifest"> & { readonly keep: (bytes: Uint8Array) => Descriptor };

function createMemoryRepository(agent: AgentName): MemoryRepository {
  const location = `memory/${agent}`;
  const { keep, readManifest } = createManifests(location);
  const releases = new Map<string, ReleaseEntry>();
  const tags = new Map<string, Descriptor>();
  const referrers = new Map<Digest, Map<Digest, Descriptor>>();
  return {
    agent,
    location,
    ...createBlobs(location),
    readManifest,
    holdsReleases: () => releases.size > 0,
    async addRelease(version, manifest) {
      const digest = digestOf(manifest);
      const known = releases.get(version);
      refuseTakenVersion(known?.descriptor ?? null, { agent, version, digest });
      const descriptor = known?.descriptor ?? keep(manifest);
      releases.set(version, { agent, version, descriptor });
      return descriptor;
    },
    async find(selector) {
      if (selector.kind === "version") return releases.get(selector.version)?.descriptor ?? null;
      const entries = [...releases.values()];
      return entries.find(({ descriptor }) => descriptor.digest === selector.digest)?.descriptor ?? null;
    },
    releases: async () => sortReleases([...releases.values()]),
    async addReferrer(manifest) {
      const { subject } = parseReferrer(manifest);
      const descriptor = keep(manifest);
      const known = referrers.get(subject.digest) ?? new Map<Digest, Descriptor>();
      referrers.set(subject.digest, known.set(descriptor.digest, descriptor));
      return descriptor;
    },
    referrers: async (subject) => [...(referrers.get(subject)?.values() ?? [])],
    readTag: async (tag) => tags.get(tag) ?? null,
    async writeTag(tag, manifest) {
      const descriptor = keep(manifest);
      tags.set(tag, descriptor);
      return descriptor;
    },
  };
}

function createBlobs(location: string): Blobs {
  const blobs = new Map<Digest, Uint8Array>();
  return {
    hasBlob: async (digest) => blobs.has(digest),
    async readBlob(expected) {
      const bytes = blobs.get(expected.digest);
      return bytes === undefined ? null : checkBytes(bytes.slice(), expected, location);
    },
    async writeBlob(bytes) {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes.slice());
      return digest;
    },
    takeBlob: async () => false,
  };
}

function createManifests(location: string): Manifests {
  const manifests = new Map<Digest, Uint8Array>();
  return {
    keep(bytes) {
      const { artifactType, annotations } = parseOciManifest(bytes, "the manifest");
      const digest = digestOf(bytes);
      manifests.set(digest, bytes.slice());
      return { mediaType: OCI_MANIFEST_TYPE, digest, size: bytes.length, artifactType, annotations };
    },
    async readManifest(expected) {
      const bytes = manifests.get(expected.digest);
      return bytes === undefined ? null : checkBytes(bytes.slice(), expected, location);
    },
  };
}
