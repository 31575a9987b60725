import { z } from "zod";
import { canonicalJsonBytes } from "./canonical-json.ts";
import { digestSchema, type Digest } from "./digest.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { OCI_EMPTY_TYPE, OCI_MANIFEST_TYPE, RELEASE_ARTIFACT_TYPE, RELEASE_MANIFEST_TYPE } from "./media-types.ts";
import { readDocument } from "./read-document.ts";
import { componentPath, type ReleaseManifest } from "./release-manifest.ts";

const annotationsSchema = z
  .record(z.string(), z.string())
  .refine((annotations) => Object.keys(annotations).length <= RELEASE_LIMITS.annotations, "too many annotations");
const descriptorSchema = z.object({
  mediaType: z.string().min(1).max(255),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  artifactType: z.string().optional(),
  annotations: annotationsSchema.optional(),
});
const ociManifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(OCI_MANIFEST_TYPE),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(RELEASE_LIMITS.components),
  subject: descriptorSchema.optional(),
  annotations: annotationsSchema.optional(),
});
const indexSchema = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptorSchema),
});

/** An OCI content descriptor: a blob's media type, size and digest. Fields that Perch does not use are not kept. */
export type Descriptor = Readonly<z.infer<typeof descriptorSchema>>;
export type OciManifest = Readonly<z.infer<typeof ociManifestSchema>>;
export type OciIndex = { readonly schemaVersion: 2; readonly manifests: readonly Descriptor[] };

/** The empty config of an artifact that needs none. */
export const EMPTY_CONFIG = new TextEncoder().encode("{}");

const EXPECTED = {
  expected: "a document of the OCI image specification 1.1",
  hint: "is this really a registry of releases? `perch release list --registry DIR` reads one",
};

/** Throws `ReleaseError` `layout_invalid`. `what` names the document in the message. */
export function parseOciManifest(bytes: Uint8Array, what: string): OciManifest {
  return readDocument(bytes, { what, schema: ociManifestSchema, ...EXPECTED });
}

/** Throws `ReleaseError` `layout_invalid`. `what` names the document in the message. */
export function parseOciIndex(bytes: Uint8Array, what = "index.json"): OciIndex {
  const maxBytes = RELEASE_LIMITS.indexBytes;
  return readDocument(bytes, { what, schema: indexSchema, maxBytes, ...EXPECTED });
}

/** The OCI image manifest of a release; the digest of these bytes is the release's identity. */
export function releaseOciManifest(manifest: ReleaseManifest, config: { digest: Digest; size: number }): Uint8Array {
  return canonicalJsonBytes({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST_TYPE,
    artifactType: RELEASE_ARTIFACT_TYPE,
    config: { mediaType: RELEASE_MANIFEST_TYPE, digest: config.digest, size: config.size },
    layers: manifest.components.map((component) => ({
      mediaType: component.mediaType,
      digest: component.digest,
      size: component.size,
      annotations: { "org.opencontainers.image.title": componentPath(component) },
    })),
    annotations: { "dev.perch.agent": manifest.agent, "org.opencontainers.image.version": manifest.version },
  });
}

/** The OCI image manifest that attaches one blob, such as a signature, to another manifest. */
export function referrerOciManifest(referrer: {
  readonly subject: Descriptor;
  readonly artifactType: string;
  readonly blob: { readonly digest: Digest; readonly size: number };
  readonly config: { readonly digest: Digest; readonly size: number };
  readonly annotations: Readonly<Record<string, string>>;
}): Uint8Array {
  const { subject, artifactType, blob, config, annotations } = referrer;
  return canonicalJsonBytes({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST_TYPE,
    artifactType,
    config: { mediaType: OCI_EMPTY_TYPE, digest: config.digest, size: config.size },
    layers: [{ mediaType: artifactType, digest: blob.digest, size: blob.size }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
}
