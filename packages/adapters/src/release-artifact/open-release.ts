import {
  componentLabel,
  formatReleaseReference,
  parseOciManifest,
  parseReleaseManifest,
  parseReleasePolicy,
  RELEASE_ARTIFACT_TYPE,
  RELEASE_LIMITS,
  RELEASE_MANIFEST_TYPE,
  ReleaseError,
  releaseOciManifest,
  type Component,
  type Descriptor,
  type Digest,
  type OciManifest,
  type ReleaseManifest,
  type ReleasePolicy,
  type ExpectedBytes,
  type ReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { atOnce } from "./at-once.ts";
import { findRelease } from "./find-release.ts";

/** A release read whole, every byte checked against its digest. Says nothing about who signed it. */
export type OpenRelease = {
  readonly digest: Digest;
  readonly descriptor: Descriptor;
  readonly ociManifest: OciManifest;
  readonly ociManifestBytes: Uint8Array;
  readonly manifest: ReleaseManifest;
  readonly manifestBytes: Uint8Array;
  readonly policy: ReleasePolicy;
  readonly components: readonly { readonly component: Component; readonly bytes: Uint8Array }[];
};

/**
 * Throws `ReleaseError`: `release_unknown`, `digest_mismatch` naming the part whose bytes are wrong or missing, and
 * `layout_invalid` when the parts do not belong together.
 */
export async function openRelease(registry: ReleaseRegistry, reference: ReleaseReference): Promise<OpenRelease> {
  const { repository, descriptor } = await findRelease(registry, reference);
  const ociManifestBytes = await readManifestPart(repository, descriptor, "the OCI manifest");
  const ociManifest = parseOciManifest(ociManifestBytes, "the OCI manifest");
  if (ociManifest.artifactType !== RELEASE_ARTIFACT_TYPE || ociManifest.config.mediaType !== RELEASE_MANIFEST_TYPE) {
    throw unfitting(`a manifest of type ${ociManifest.artifactType ?? "none"}`, RELEASE_ARTIFACT_TYPE);
  }
  const manifestBytes = await readBlobPart(repository, ociManifest.config, "the release manifest");
  const manifest = parseReleaseManifest(manifestBytes);
  requireIdentity(manifest, reference);
  requireSameParts(manifest, ociManifest);
  requireOwnForm(manifest, ociManifest, ociManifestBytes);
  const components = await readComponents(repository, manifest);
  const policy = components.find(({ component }) => component.kind === "policy");
  if (policy === undefined) throw unfitting("a release manifest without a policy component", "one");
  return {
    digest: descriptor.digest,
    descriptor,
    ociManifest,
    ociManifestBytes,
    manifest,
    manifestBytes,
    components,
    policy: parseReleasePolicy(policy.bytes),
  };
}

/** As many reads as are under way at once: enough to hide a registry's distance, few enough to be welcome there. */
const MOST_AT_ONCE = 16;

async function readComponents(
  repository: ReleaseRepository,
  { components }: ReleaseManifest,
): Promise<OpenRelease["components"]> {
  const read = new Map<Component, Uint8Array>();
  await atOnce(components, MOST_AT_ONCE, async (component) => {
    read.set(component, await readBlobPart(repository, component, `component ${componentLabel(component)}`));
  });
  return components.flatMap((component) => {
    const bytes = read.get(component);
    return bytes === undefined ? [] : [{ component, bytes }];
  });
}

/** Reads one blob and names it in what it throws: `digest_mismatch` for missing bytes and for wrong ones. */
export function readBlobPart(
  repository: Pick<ReleaseRepository, "readBlob">,
  expected: ExpectedBytes,
  what: string,
): Promise<Uint8Array> {
  return readPart({ read: (part) => repository.readBlob(part), maxBytes: RELEASE_LIMITS.blobBytes }, expected, what);
}

/** As `readBlobPart`, for a manifest. */
export function readManifestPart(
  repository: Pick<ReleaseRepository, "readManifest">,
  expected: ExpectedBytes,
  what: string,
): Promise<Uint8Array> {
  return readPart(
    { read: (part) => repository.readManifest(part), maxBytes: RELEASE_LIMITS.manifestBytes },
    expected,
    what,
  );
}

type Reader = {
  readonly read: (expected: ExpectedBytes) => Promise<Uint8Array | null>;
  readonly maxBytes: number;
};

async function readPart(
  { read, maxBytes }: Reader,
  { digest, size }: ExpectedBytes,
  what: string,
): Promise<Uint8Array> {
  // Before anything is read: the size is only what some manifest says.
  if (size > maxBytes) throw unfitting(`${what} of ${size} bytes`, `at most ${maxBytes}`);
  let bytes: Uint8Array | null;
  try {
    bytes = await read({ digest, size });
  } catch (error) {
    if (!(error instanceof ReleaseError) || error.code !== "digest_mismatch") throw error;
    throw damaged(`${what}: found altered bytes, expected ${size} with digest ${digest}`, error);
  }
  if (bytes !== null) return bytes;
  throw damaged(`${what}: found no bytes, expected ${size} with digest ${digest}`);
}

function damaged(message: string, cause?: unknown): ReleaseError {
  return new ReleaseError({
    code: "digest_mismatch",
    message,
    hint: "do not run it: copy the release again from where it was built, or build and sign it again",
    cause,
  });
}

// What the registry says of a release is a claim; the signed manifest decides.
function requireIdentity(manifest: ReleaseManifest, reference: ReleaseReference): void {
  const isSame =
    manifest.agent === reference.agent && (reference.kind === "digest" || manifest.version === reference.version);
  if (!isSame) throw unfitting(`a release of ${manifest.agent}@${manifest.version}`, formatReleaseReference(reference));
}

function requireSameParts({ components }: ReleaseManifest, { layers }: OciManifest): void {
  if (layers.length !== components.length) {
    throw unfitting(
      `${layers.length} OCI layers`,
      `${components.length}, one for each component of the release manifest`,
    );
  }
  for (const [index, component] of components.entries()) {
    const layer = layers[index];
    for (const field of ["mediaType", "digest", "size"] as const) {
      if (layer?.[field] === component[field]) continue;
      const found = `OCI layer ${index + 1} with ${field} ${layer?.[field]}`;
      throw unfitting(
        found,
        `${component[field]}, as the release manifest says of its component ${componentLabel(component)}`,
      );
    }
  }
}

// One release manifest has one OCI manifest, and so one digest: nothing else can be said in it and be signed with it.
function requireOwnForm(manifest: ReleaseManifest, { config }: OciManifest, bytes: Uint8Array): void {
  if (Buffer.compare(releaseOciManifest(manifest, config), bytes) === 0) return;
  throw unfitting(
    "an OCI manifest that says more than its release manifest, or says it in another way",
    "the one of perch.dev/v1",
  );
}

function unfitting(found: string, expected: string): ReleaseError {
  return new ReleaseError({
    code: "layout_invalid",
    message: `found ${found}, expected ${expected}`,
    hint: "build the release again with `perch release build`",
  });
}
