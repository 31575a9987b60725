import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
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
import { checkBytes, parseReleaseEntry } from "../release-artifact/index.ts";

/** Names the manifest that an entry of index.json refers to, so that finding signatures need not open every manifest. */
export const SUBJECT = "dev.perch.subject";
/** The name under which skopeo and oras find a manifest of a layout. */
export const TAG = "org.opencontainers.image.ref.name";

export function blobPath(directory: string, digest: Digest): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
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
    const bytes = await readIfPresent(blobPath(directory, descriptor.digest));
    return bytes === null
      ? null
      : parseOciManifest(checkBytes(bytes, descriptor, directory), `manifest ${descriptor.digest}`);
  } catch (error) {
    if (error instanceof ReleaseError) return null;
    throw error;
  }
}
