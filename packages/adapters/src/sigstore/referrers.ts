import {
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  ReleaseError,
  type Descriptor,
  type Digest,
  type OciManifest,
  type ReleaseRepository,
} from "@perch/domain";
import { readBlobPart, readManifestPart, requireModestSizes } from "../release-artifact/index.ts";
import { BUNDLE_TYPE } from "./bundle.ts";
import { SIGN_PREDICATE } from "./statement.ts";

const PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

/** A Sigstore bundle attached to a release; its bytes are those of its digest, and nothing else of it is known. */
export type AttachedBundle = {
  /** Of the manifest that attaches it. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** What the manifest says of itself; null where it says nothing. */
  readonly predicateType: string | null;
  readonly createdAt: string | null;
};

export type Attached = {
  readonly bundles: readonly AttachedBundle[];
  /** What other tools attached, such as an SBOM: only its bytes were checked. */
  readonly others: number;
};

/**
 * Reads all that refers to a release and checks every byte of it, whatever it is. Throws `ReleaseError` `digest_mismatch`
 * naming the part that was altered, and `layout_invalid` when more is attached than anybody should read.
 */
export async function readReferrers(repository: ReleaseRepository, digest: Digest): Promise<Attached> {
  const referrers = await repository.referrers(digest);
  requireModestSizes(referrers, `what refers to ${digest}`);
  const manifests: { readonly referrer: Descriptor; readonly manifest: OciManifest }[] = [];
  let others = 0;
  for (const referrer of referrers) {
    const what = `${kindOf(referrer)} manifest ${referrer.digest}`;
    const bytes = await readManifestPart(repository, referrer, what);
    const manifest = parseManifest(bytes, referrer);
    if (manifest === null) others += 1;
    else manifests.push({ referrer, manifest });
  }
  const parts = manifests.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]);
  requireModestSizes([...referrers, ...parts], `what refers to ${digest}`);
  const bundles: AttachedBundle[] = [];
  for (const { referrer, manifest } of manifests) {
    const blobs = await readBlobs(repository, referrer, manifest);
    if (artifactTypeOf(manifest) !== BUNDLE_TYPE) others += 1;
    else for (const bytes of blobs) bundles.push(attachedBundle(referrer, manifest, bytes));
  }
  return { bundles, others };
}

/** How many signatures and attestations are attached, by what they say of themselves: for a list, not for a decision. */
export async function countAttached(
  repository: ReleaseRepository,
  digest: Digest,
): Promise<{ readonly signatures: number; readonly attestations: number }> {
  const referrers = await repository.referrers(digest);
  requireModestSizes(referrers, `what refers to ${digest}`);
  const types: (string | null)[] = [];
  for (const referrer of referrers) {
    const what = `${kindOf(referrer)} manifest ${referrer.digest}`;
    const manifest = parseManifest(await readManifestPart(repository, referrer, what), referrer);
    if (manifest === null || artifactTypeOf(manifest) !== BUNDLE_TYPE) continue;
    types.push(manifest.annotations?.[PREDICATE_TYPE] ?? null);
  }
  const signatures = types.filter((type) => (type ?? SIGN_PREDICATE) === SIGN_PREDICATE).length;
  return { signatures, attestations: types.length - signatures };
}

// Null for an index, and for a manifest in a spelling that Perch does not read: other tools may attach what they like.
function parseManifest(bytes: Uint8Array, { mediaType, digest }: Descriptor): OciManifest | null {
  if (mediaType !== OCI_MANIFEST_TYPE) return null;
  try {
    return parseOciManifest(bytes, digest);
  } catch (error) {
    if (error instanceof ReleaseError) return null;
    throw error;
  }
}

async function readBlobs(
  repository: ReleaseRepository,
  referrer: Descriptor,
  manifest: OciManifest,
): Promise<readonly Uint8Array[]> {
  const kind = kindOf({ ...manifest, artifactType: artifactTypeOf(manifest) });
  await readBlobPart(repository, manifest.config, `config of ${kind} manifest ${referrer.digest}`);
  const blobs: Uint8Array[] = [];
  for (const layer of manifest.layers) {
    blobs.push(await readBlobPart(repository, layer, `${kind} bundle ${layer.digest}`));
  }
  return blobs;
}

function attachedBundle({ digest }: Descriptor, { annotations }: OciManifest, bytes: Uint8Array): AttachedBundle {
  return {
    digest,
    bytes,
    predicateType: annotations?.[PREDICATE_TYPE] ?? null,
    createdAt: annotations?.["org.opencontainers.image.created"] ?? null,
  };
}

// OCI image specification 1.1: without an artifact type, the type of the config is it.
function artifactTypeOf({ artifactType, config }: OciManifest): string {
  return artifactType ?? config.mediaType;
}

// Only for messages. A list of referrers may leave the type and the annotations out.
function kindOf({ artifactType, annotations }: Pick<Descriptor, "artifactType" | "annotations">): string {
  if ((artifactType ?? BUNDLE_TYPE) !== BUNDLE_TYPE) return "referrer";
  return (annotations?.[PREDICATE_TYPE] ?? SIGN_PREDICATE) === SIGN_PREDICATE ? "signature" : "attestation";
}
