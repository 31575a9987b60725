import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  digestOf,
  OCI_MANIFEST_TYPE,
  parseOciIndex,
  parseOciManifest,
  RELEASE_ARTIFACT_TYPE,
  ReleaseError,
  type Descriptor,
  type Digest,
  type OciManifest,
  type ReleaseEntry,
} from "@perch/domain";
import { readIfPresent, requireLayout } from "./layout.ts";
import { parseReleaseEntry } from "./release-entry.ts";

/** Names the manifest that an entry of index.json refers to, so that finding signatures need not open every manifest. */
export const SUBJECT = "dev.perch.subject";

export function blobPath(directory: string, digest: Digest): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
}

/** Null when there is no such blob. Throws `ReleaseError` `digest_mismatch` for other bytes under this name. */
export async function readBlob(directory: string, digest: Digest): Promise<Uint8Array | null> {
  const bytes = await readIfPresent(blobPath(directory, digest));
  if (bytes === null || digestOf(bytes) === digest) return bytes;
  throw new ReleaseError({
    code: "digest_mismatch",
    message: `found other bytes under ${digest} in ${directory}: the blob was altered or damaged`,
    hint: "copy the release again from where it was built, or build and sign it again",
  });
}

export async function readIndex(directory: string): Promise<readonly Descriptor[]> {
  await requireLayout(directory);
  return parseOciIndex(await readFile(join(directory, "index.json"))).manifests;
}

/** What an entry of index.json says of a release; another tool's entry may leave it to the manifest. Null: no release. */
export async function releaseEntryOf(directory: string, descriptor: Descriptor): Promise<ReleaseEntry | null> {
  const annotated = parseReleaseEntry(descriptor, descriptor);
  if (annotated !== null || (descriptor.artifactType ?? RELEASE_ARTIFACT_TYPE) !== RELEASE_ARTIFACT_TYPE) {
    return annotated;
  }
  const manifest = await readManifest(directory, descriptor);
  return manifest === null ? null : parseReleaseEntry(descriptor, manifest);
}

/** The digest of the manifest that this one refers to; null when it refers to none. */
export async function subjectOf(directory: string, descriptor: Descriptor): Promise<string | null> {
  const annotated = descriptor.annotations?.[SUBJECT];
  if (annotated !== undefined || descriptor.artifactType === RELEASE_ARTIFACT_TYPE) return annotated ?? null;
  return (await readManifest(directory, descriptor))?.subject?.digest ?? null;
}

// Null for an entry that is no manifest or cannot be read: other tools may keep anything in a layout.
async function readManifest(directory: string, descriptor: Descriptor): Promise<OciManifest | null> {
  if (descriptor.mediaType !== OCI_MANIFEST_TYPE) return null;
  try {
    const bytes = await readBlob(directory, descriptor.digest);
    return bytes === null ? null : parseOciManifest(bytes, `manifest ${descriptor.digest}`);
  } catch (error) {
    if (error instanceof ReleaseError) return null;
    throw error;
  }
}
