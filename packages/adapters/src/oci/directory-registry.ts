import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  digestOf,
  RELEASE_ARTIFACT_TYPE,
  type Descriptor,
  type ReleaseEntry,
  type ReleaseRegistry,
} from "@perch/domain";
import { prepareLayout, readIfPresent } from "./layout.ts";
import { blobPath, readBlob, readIndex, releaseEntryOf, SUBJECT, subjectOf } from "./read-layout.ts";
import { refuseTakenVersion } from "./release-entry.ts";
import { writeFileAtomically } from "./write-file-atomically.ts";
import { withWriteLock } from "./write-lock.ts";

/**
 * Releases in an OCI image layout directory (OCI image specification 1.1). Reading needs an existing layout; writing
 * makes one where there is nothing yet. Safe for several processes of one machine.
 */
export function createDirectoryRegistry(directory: string): ReleaseRegistry {
  const releases = (): Promise<readonly ReleaseEntry[]> => listReleases(directory);
  return {
    releases,
    readBlob: (digest) => readBlob(directory, digest),
    async hasBlob(digest) {
      return (await stat(blobPath(directory, digest)).catch(() => null)) !== null;
    },
    async writeBlob(bytes) {
      await prepareLayout(directory);
      const digest = digestOf(bytes);
      const path = blobPath(directory, digest);
      const known = await readIfPresent(path);
      if (known === null || digestOf(known) !== digest) await writeFileAtomically(path, bytes);
      return digest;
    },
    async addRelease(entry) {
      const { mediaType, digest, size } = entry.descriptor;
      const annotations = {
        "dev.perch.agent": entry.agent,
        "org.opencontainers.image.version": entry.version,
        // The name under which skopeo and oras find it: `oci:DIR:support-2.3.1`. A tag cannot hold a plus sign.
        "org.opencontainers.image.ref.name": `${entry.agent}-${entry.version.replace("+", "_")}`,
      };
      const descriptor = { mediaType, digest, size, artifactType: RELEASE_ARTIFACT_TYPE, annotations };
      await addManifest(directory, descriptor, async () => refuseTakenVersion(await releases(), entry));
    },
    async addReferrer(subject, referrer) {
      const descriptor = { ...referrer, annotations: { ...referrer.annotations, [SUBJECT]: subject } };
      await addManifest(directory, descriptor, async () => {});
    },
    async referrers(subject) {
      const index = await readIndex(directory);
      const subjects = await Promise.all(index.map((descriptor) => subjectOf(directory, descriptor)));
      return index.filter((_, position) => subjects[position] === subject);
    },
  };
}

async function listReleases(directory: string): Promise<readonly ReleaseEntry[]> {
  const index = await readIndex(directory);
  const entries = await Promise.all(index.map((descriptor) => releaseEntryOf(directory, descriptor)));
  return entries.filter((entry) => entry !== null).toSorted((a, b) => a.agent.localeCompare(b.agent, "en"));
}

async function addManifest(directory: string, descriptor: Descriptor, check: () => Promise<void>): Promise<void> {
  await prepareLayout(directory);
  const path = join(directory, "index.json");
  await withWriteLock(`${path}.lock`, async () => {
    await check();
    if ((await readIndex(directory)).some((known) => known.digest === descriptor.digest)) return;
    const index: unknown = JSON.parse(await readFile(path, "utf8"));
    await writeFileAtomically(path, Buffer.from(withManifest(index, descriptor)));
  });
}

// Works on the parsed JSON itself, so that what other tools wrote into the index stays as it is.
function withManifest(index: unknown, descriptor: Descriptor): string {
  const before = typeof index === "object" && index !== null ? index : {};
  const manifests = "manifests" in before && Array.isArray(before.manifests) ? before.manifests : [];
  return `${JSON.stringify({ ...before, manifests: [...manifests, descriptor] }, null, 2)}\n`;
}
