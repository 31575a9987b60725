import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  digestOf,
  OCI_MANIFEST_TYPE,
  RELEASE_ARTIFACT_TYPE,
  type AgentName,
  type Descriptor,
  type ReleaseEntry,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { checkBytes, parseReferrer, refuseTakenVersion, sortReleases } from "../release-artifact/index.ts";
import { prepareLayout, readIfPresent } from "./layout.ts";
import { blobPath, readIndex, releaseEntryOf, SUBJECT, subjectOf, TAG } from "./read-layout.ts";
import { writeFileAtomically } from "./write-file-atomically.ts";
import { withWriteLock } from "./write-lock.ts";

/**
 * Releases in an OCI image layout directory (OCI image specification 1.1), all agents side by side. Reading needs an
 * existing layout; writing makes one where there is nothing yet. Safe for several processes of one machine.
 */
export function createDirectoryRegistry(directory: string): ReleaseRegistry {
  return {
    async agents() {
      return [...new Set((await listReleases(directory)).map(({ agent }) => agent))].toSorted();
    },
    repository: (agent) => createDirectoryRepository(directory, agent),
  };
}

function createDirectoryRepository(directory: string, agent: AgentName): ReleaseRepository {
  const read: ReleaseRepository["readBlob"] = async (expected) => {
    const bytes = await readIfPresent(blobPath(directory, expected.digest));
    return bytes === null ? null : checkBytes(bytes, expected, directory);
  };
  return {
    agent,
    location: directory,
    // A damaged blob counts as missing, so that writing it again repairs it.
    hasBlob: (digest) => holdsBlob(directory, digest),
    readBlob: read,
    writeBlob: (bytes) => writeBlob(directory, bytes),
    takeBlob: async () => false,
    readManifest: read,
    ...releasesIn(directory, agent),
    ...referrersIn(directory),
    ...tagsIn(directory),
  };
}

function releasesIn(directory: string, agent: AgentName): Pick<ReleaseRepository, "addRelease" | "find" | "releases"> {
  const releases = async (): Promise<readonly ReleaseEntry[]> =>
    sortReleases((await listReleases(directory)).filter((entry) => entry.agent === agent));
  const find: ReleaseRepository["find"] = async (selector) => {
    const found = (await releases()).find(({ version, descriptor }) =>
      selector.kind === "version" ? version === selector.version : descriptor.digest === selector.digest,
    );
    return found?.descriptor ?? null;
  };
  return {
    releases,
    find,
    async addRelease(version, manifest) {
      const annotations = {
        "dev.perch.agent": agent,
        "org.opencontainers.image.version": version,
        // The name under which skopeo and oras find it: `oci:DIR:support-2.3.1`. A tag cannot hold a plus sign.
        [TAG]: `${agent}-${version.replace("+", "_")}`,
      };
      const digest = await writeBlob(directory, manifest);
      const descriptor = { ...descriptorOf(manifest), artifactType: RELEASE_ARTIFACT_TYPE, annotations };
      await changeIndex(directory, async (manifests) => {
        refuseTakenVersion(await find({ kind: "version", version }), { agent, version, digest });
        return withEntry(manifests, descriptor);
      });
      return descriptor;
    },
  };
}

function referrersIn(directory: string): Pick<ReleaseRepository, "addReferrer" | "referrers"> {
  return {
    async addReferrer(manifest) {
      const { subject, artifactType, annotations } = parseReferrer(manifest);
      const descriptor = {
        ...descriptorOf(manifest),
        ...(artifactType === undefined ? {} : { artifactType }),
        annotations: { ...annotations, [SUBJECT]: subject.digest },
      };
      await writeBlob(directory, manifest);
      await changeIndex(directory, async (manifests) => withEntry(manifests, descriptor));
      return descriptor;
    },
    async referrers(subject) {
      const index = await readIndex(directory);
      const subjects = await Promise.all(index.map((descriptor) => subjectOf(directory, descriptor)));
      return index.filter((_, position) => subjects[position] === subject);
    },
  };
}

function tagsIn(directory: string): Pick<ReleaseRepository, "readTag" | "writeTag"> {
  return {
    async readTag(tag) {
      return (await readIndex(directory)).find(({ annotations }) => annotations?.[TAG] === tag) ?? null;
    },
    async writeTag(tag, manifest) {
      const descriptor = { ...descriptorOf(manifest), annotations: { [TAG]: tag } };
      await writeBlob(directory, manifest);
      await changeIndex(directory, async (manifests) => [
        ...manifests.filter((entry) => annotationOf(entry, TAG) !== tag),
        descriptor,
      ]);
      return descriptor;
    },
  };
}

async function listReleases(directory: string): Promise<readonly ReleaseEntry[]> {
  const index = await readIndex(directory);
  const entries = await Promise.all(index.map((descriptor) => releaseEntryOf(directory, descriptor)));
  return entries.filter((entry) => entry !== null);
}

function descriptorOf(manifest: Uint8Array): Descriptor {
  return { mediaType: OCI_MANIFEST_TYPE, digest: digestOf(manifest), size: manifest.length };
}

async function holdsBlob(directory: string, digest: Descriptor["digest"]): Promise<boolean> {
  const bytes = await readIfPresent(blobPath(directory, digest));
  return bytes !== null && digestOf(bytes) === digest;
}

async function writeBlob(directory: string, bytes: Uint8Array): Promise<Descriptor["digest"]> {
  await prepareLayout(directory);
  const digest = digestOf(bytes);
  if (!(await holdsBlob(directory, digest))) await writeFileAtomically(blobPath(directory, digest), bytes);
  return digest;
}

/** Replaces the entries of index.json while nobody else can. The very same list in return changes nothing. */
async function changeIndex(
  directory: string,
  change: (manifests: readonly unknown[]) => Promise<readonly unknown[]>,
): Promise<void> {
  const path = join(directory, "index.json");
  await withWriteLock(`${path}.lock`, async () => {
    // The parsed JSON itself, so that what other tools wrote into the index stays as it is.
    const index: unknown = JSON.parse(await readFile(path, "utf8"));
    const before = typeof index === "object" && index !== null ? index : {};
    const manifests = "manifests" in before && Array.isArray(before.manifests) ? before.manifests : [];
    const after = await change(manifests);
    if (after === manifests) return;
    await writeFileAtomically(path, Buffer.from(`${JSON.stringify({ ...before, manifests: after }, null, 2)}\n`));
  });
}

function withEntry(manifests: readonly unknown[], descriptor: Descriptor): readonly unknown[] {
  const isKnown = manifests.some(
    (entry) => typeof entry === "object" && entry !== null && "digest" in entry && entry.digest === descriptor.digest,
  );
  return isKnown ? manifests : [...manifests, descriptor];
}

function annotationOf(entry: unknown, name: string): unknown {
  if (typeof entry !== "object" || entry === null || !("annotations" in entry)) return undefined;
  const { annotations } = entry;
  return typeof annotations === "object" && annotations !== null ? Reflect.get(annotations, name) : undefined;
}
