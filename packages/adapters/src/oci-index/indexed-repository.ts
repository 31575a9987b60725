import {
  digestOf,
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  RELEASE_ARTIFACT_TYPE,
  ReleaseError,
  type AgentName,
  type Descriptor,
  type OciManifest,
  type ReleaseEntry,
  type ReleaseRepository,
} from "@perch/domain";
import { parseReferrer, parseReleaseEntry, refuseTakenVersion, sortReleases } from "../release-artifact/index.ts";
import { descriptorOf, SUBJECT, TAG, withEntry, withTag, type IndexDocument } from "./index-document.ts";

/** Manifests kept by digest, and an OCI image index that says what they are. */
export type IndexedStore = Pick<ReleaseRepository, "readManifest"> & {
  readonly writeManifest: (bytes: Uint8Array) => Promise<unknown>;
  readonly readIndex: () => Promise<IndexDocument>;
  /**
   * Replaces the index by what `change` makes of it. The very same index in return changes nothing. `change` may be asked
   * again when somebody else was faster.
   */
  readonly changeIndex: (change: (index: IndexDocument) => Promise<IndexDocument>) => Promise<void>;
};

/** The part of a repository that an index decides; blobs lie elsewhere. */
export function indexedRepository(
  store: IndexedStore,
  agent: AgentName,
): Omit<ReleaseRepository, "location" | "hasBlob" | "readBlob" | "writeBlob" | "takeBlob"> {
  return {
    agent,
    readManifest: (expected) => store.readManifest(expected),
    ...releasesIn(store, agent),
    ...referrersIn(store),
    ...tagsIn(store),
  };
}

/** Every release of the index, of whichever agent. */
export async function releaseEntries(store: IndexedStore, index: IndexDocument): Promise<readonly ReleaseEntry[]> {
  const entries = await Promise.all(index.entries.map((descriptor) => releaseEntryOf(store, descriptor)));
  return entries.filter((entry) => entry !== null);
}

function releasesIn(
  store: IndexedStore,
  agent: AgentName,
): Pick<ReleaseRepository, "addRelease" | "find" | "releases"> {
  const releasesOf = async (index: IndexDocument): Promise<readonly ReleaseEntry[]> =>
    sortReleases((await releaseEntries(store, index)).filter((entry) => entry.agent === agent));
  return {
    releases: async () => releasesOf(await store.readIndex()),
    async find(selector) {
      const found = (await releasesOf(await store.readIndex())).find(({ version, descriptor }) =>
        selector.kind === "version" ? version === selector.version : descriptor.digest === selector.digest,
      );
      return found?.descriptor ?? null;
    },
    async addRelease(version, manifest) {
      const descriptor = releaseDescriptor(agent, version, manifest);
      await store.writeManifest(manifest);
      await store.changeIndex(async (index) => {
        const taken = (await releasesOf(index)).find((entry) => entry.version === version);
        refuseTakenVersion(taken?.descriptor ?? null, { agent, version, digest: descriptor.digest });
        return withEntry(index, descriptor);
      });
      return descriptor;
    },
  };
}

function releaseDescriptor(agent: AgentName, version: string, manifest: Uint8Array): Descriptor {
  const annotations = {
    "dev.perch.agent": agent,
    "org.opencontainers.image.version": version,
    // The name under which skopeo and oras find it: `oci:DIR:support-2.3.1`. A tag cannot hold a plus sign.
    [TAG]: `${agent}-${version.replace("+", "_")}`,
  };
  return { ...descriptorOf(manifest, digestOf(manifest)), artifactType: RELEASE_ARTIFACT_TYPE, annotations };
}

function referrersIn(store: IndexedStore): Pick<ReleaseRepository, "addReferrer" | "referrers"> {
  return {
    async addReferrer(manifest) {
      const { subject, artifactType, annotations } = parseReferrer(manifest);
      const descriptor = {
        ...descriptorOf(manifest, digestOf(manifest)),
        ...(artifactType === undefined ? {} : { artifactType }),
        annotations: { ...annotations, [SUBJECT]: subject.digest },
      };
      await store.writeManifest(manifest);
      await store.changeIndex(async (index) => withEntry(index, descriptor));
      return descriptor;
    },
    async referrers(subject) {
      const { entries } = await store.readIndex();
      const subjects = await Promise.all(entries.map((descriptor) => subjectOf(store, descriptor)));
      return entries.filter((_, position) => subjects[position] === subject);
    },
  };
}

function tagsIn(store: IndexedStore): Pick<ReleaseRepository, "readTag" | "writeTag"> {
  return {
    async readTag(tag) {
      return (await store.readIndex()).entries.find(({ annotations }) => annotations?.[TAG] === tag) ?? null;
    },
    async writeTag(tag, manifest) {
      const descriptor = { ...descriptorOf(manifest, digestOf(manifest)), annotations: { [TAG]: tag } };
      await store.writeManifest(manifest);
      await store.changeIndex(async (index) => withTag(index, tag, descriptor));
      return descriptor;
    },
  };
}

// What an entry says of a release; another tool's entry may leave it to the manifest. Null: no release.
async function releaseEntryOf(store: IndexedStore, descriptor: Descriptor): Promise<ReleaseEntry | null> {
  const annotated = parseReleaseEntry(descriptor, descriptor);
  if (annotated !== null || (descriptor.artifactType ?? RELEASE_ARTIFACT_TYPE) !== RELEASE_ARTIFACT_TYPE) {
    return annotated;
  }
  const manifest = await readManifest(store, descriptor);
  return manifest === null ? null : parseReleaseEntry(descriptor, manifest);
}

// The digest of the manifest that this one refers to; null when it refers to none.
async function subjectOf(store: IndexedStore, descriptor: Descriptor): Promise<string | null> {
  const annotated = descriptor.annotations?.[SUBJECT];
  if (annotated !== undefined || descriptor.artifactType === RELEASE_ARTIFACT_TYPE) return annotated ?? null;
  return (await readManifest(store, descriptor))?.subject?.digest ?? null;
}

// Null for an entry that is no manifest or cannot be read: other tools may keep anything beside releases. A store that
// gives no answer is another matter.
async function readManifest(store: IndexedStore, descriptor: Descriptor): Promise<OciManifest | null> {
  if (descriptor.mediaType !== OCI_MANIFEST_TYPE) return null;
  try {
    const bytes = await store.readManifest(descriptor);
    return bytes === null ? null : parseOciManifest(bytes, `manifest ${descriptor.digest}`);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof ReleaseError && (error.code === "digest_mismatch" || error.code === "layout_invalid");
}
