import {
  digestOf,
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  ReleaseError,
  type Descriptor,
  type Digest,
  type OciManifest,
  type ReleaseRepository,
} from "@perch/domain";
import { z } from "zod";
import { readBlobPart, readManifestPart } from "./open-release.ts";
import { requireModestSizes } from "./referrer-bounds.ts";

// How cosign attached signatures before version 3: an image under a tag made of the digest, one layer a signature.
const IMAGE_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const UNKNOWN_TIME = "0001-01-01T00:00:00Z";

const configSchema = z.looseObject({
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(z.string()) }),
  history: z.array(z.unknown()).optional(),
});

export type SignatureTag = {
  readonly tag: string;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: OciManifest;
};

export function signatureTagOf(digest: Digest): string {
  return `${digest.replace(":", "-")}.sig`;
}

/** The manifest under a release's signature tag; null where there is none. Throws `ReleaseError` `digest_mismatch`. */
export async function readSignatureTag(repository: ReleaseRepository, digest: Digest): Promise<SignatureTag | null> {
  const tag = signatureTagOf(digest);
  const descriptor = await repository.readTag(tag);
  if (descriptor === null) return null;
  const what = `signature tag ${tag}`;
  requireModestSizes([descriptor], what);
  const bytes = await readManifestPart(repository, descriptor, what);
  const manifest = parseOciManifest(bytes, what);
  requireModestSizes([manifest.config, ...manifest.layers], what);
  return { tag, descriptor, bytes, manifest };
}

/** Adds layers to a release's signature tag; those that it has already are left alone. Their blobs have to be there. */
export async function addToSignatureTag(
  repository: ReleaseRepository,
  digest: Digest,
  layers: readonly Descriptor[],
): Promise<void> {
  const known = await readSignatureTag(repository, digest);
  const before = known?.manifest.layers ?? [];
  const added = layers.filter((layer) => !before.some((other) => isSame(layer, other)));
  if (added.length === 0) return;
  const config = Buffer.from(JSON.stringify(await extendConfig(repository, known, added)));
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST_TYPE,
    config: { mediaType: IMAGE_CONFIG_TYPE, size: config.length, digest: digestOf(config) },
    layers: [...before, ...added],
    ...(known?.manifest.annotations === undefined ? {} : { annotations: known.manifest.annotations }),
  };
  await repository.writeBlob(config);
  await repository.writeTag(signatureTagOf(digest), Buffer.from(JSON.stringify(manifest)));
}

/** Puts a signature tag of another repository here; signatures that are under it here stay. Its blobs have to be there. */
export async function putSignatureTag(
  repository: ReleaseRepository,
  digest: Digest,
  { tag, bytes, manifest }: SignatureTag,
): Promise<void> {
  if ((await repository.readTag(tag)) === null) await repository.writeTag(tag, bytes);
  else await addToSignatureTag(repository, digest, manifest.layers);
}

// cosign appends to the image as to any other, so its config has to list the layers.
async function extendConfig(
  repository: ReleaseRepository,
  known: SignatureTag | null,
  added: readonly Descriptor[],
): Promise<unknown> {
  const before = known === null ? emptyConfig() : await readConfig(repository, known);
  return {
    ...before,
    rootfs: { ...before.rootfs, diff_ids: [...before.rootfs.diff_ids, ...added.map((layer) => layer.digest)] },
    history: [...(before.history ?? []), ...added.map(() => ({ created: UNKNOWN_TIME }))],
  };
}

function emptyConfig(): z.infer<typeof configSchema> {
  return { architecture: "", created: UNKNOWN_TIME, os: "", rootfs: { type: "layers", diff_ids: [] }, config: {} };
}

async function readConfig(
  repository: ReleaseRepository,
  { tag, manifest }: SignatureTag,
): Promise<z.infer<typeof configSchema>> {
  const bytes = await readBlobPart(repository, manifest.config, `config of signature tag ${tag}`);
  try {
    return configSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new ReleaseError({
      code: "layout_invalid",
      message: `found a config of signature tag ${tag} that cannot be read, expected that of an OCI image`,
      hint: "sign without --legacy-tag, or delete the tag",
      cause,
    });
  }
}

// Two signatures over one payload are two layers of one digest, told apart by their annotations.
function isSame(a: Descriptor, b: Descriptor): boolean {
  const signature = "dev.cosignproject.cosign/signature";
  return a.digest === b.digest && a.annotations?.[signature] === b.annotations?.[signature];
}
