import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type AgentName, type Digest, type ReleaseRegistry, type ReleaseRepository } from "@perch/domain";
import {
  indexBytes,
  indexedRepository,
  parseIndexDocument,
  releaseEntries,
  type IndexDocument,
  type IndexedStore,
} from "../oci-index/index.ts";
import { checkBytes } from "../release-artifact/index.ts";
import { prepareLayout, readIfPresent, requireLayout } from "./layout.ts";
import { writeFileAtomically } from "./write-file-atomically.ts";
import { withWriteLock } from "./write-lock.ts";

/**
 * Releases in an OCI image layout directory (OCI image specification 1.1), all agents side by side. Reading needs an
 * existing layout; writing makes one where there is nothing yet. Safe for several processes of one machine.
 */
export function createDirectoryRegistry(directory: string): ReleaseRegistry {
  const store = layoutStore(directory);
  return {
    async agents() {
      const entries = await releaseEntries(store, await store.readIndex());
      return [...new Set(entries.map(({ agent }) => agent))].toSorted();
    },
    repository: (agent) => createDirectoryRepository(directory, store, agent),
  };
}

function createDirectoryRepository(directory: string, store: IndexedStore, agent: AgentName): ReleaseRepository {
  return {
    location: directory,
    // A damaged blob counts as missing, so that writing it again repairs it.
    hasBlob: (digest) => holdsBlob(directory, digest),
    readBlob: store.readManifest,
    writeBlob: (bytes) => writeBlob(directory, bytes),
    takeBlob: async () => false,
    ...indexedRepository(store, agent),
  };
}

function layoutStore(directory: string): IndexedStore {
  return {
    readIndex: () => readIndex(directory),
    changeIndex: (change) => changeIndex(directory, change),
    async readManifest(expected) {
      const bytes = await readIfPresent(blobPath(directory, expected.digest));
      return bytes === null ? null : checkBytes(bytes, expected, directory);
    },
    writeManifest: (bytes) => writeBlob(directory, bytes),
  };
}

async function holdsBlob(directory: string, digest: Digest): Promise<boolean> {
  const bytes = await readIfPresent(blobPath(directory, digest));
  return bytes !== null && digestOf(bytes) === digest;
}

async function writeBlob(directory: string, bytes: Uint8Array): Promise<Digest> {
  await prepareLayout(directory);
  const digest = digestOf(bytes);
  if (!(await holdsBlob(directory, digest))) await writeFileAtomically(blobPath(directory, digest), bytes);
  return digest;
}

async function readIndex(directory: string): Promise<IndexDocument> {
  await requireLayout(directory);
  return parseIndexDocument(await readFile(indexPath(directory)));
}

// Nobody else can change the index meanwhile.
async function changeIndex(directory: string, change: (index: IndexDocument) => Promise<IndexDocument>): Promise<void> {
  const path = indexPath(directory);
  await withWriteLock(`${path}.lock`, async () => {
    const before = await readIndex(directory);
    const after = await change(before);
    if (after !== before) await writeFileAtomically(path, indexBytes(after));
  });
}

function indexPath(directory: string): string {
  return join(directory, "index.json");
}

function blobPath(directory: string, digest: Digest): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
}
