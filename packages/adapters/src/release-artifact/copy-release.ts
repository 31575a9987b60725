import {
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  type Descriptor,
  type Digest,
  type OciManifest,
  type ReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { atOnce } from "./at-once.ts";
import { findRelease } from "./find-release.ts";
import { openRelease, readBlobPart, readManifestPart, type OpenRelease } from "./open-release.ts";
import { requireModestSizes } from "./referrer-bounds.ts";
import { putSignatureTag, readSignatureTag } from "./signature-tag.ts";

export type CopiedRelease = {
  readonly digest: Digest;
  /** Blobs whose bytes travelled. */
  readonly blobsCopied: number;
  /** Blobs that the other registry took over from one of its own repositories. */
  readonly blobsTaken: number;
  readonly blobsPresent: number;
  readonly referrers: number;
};

/** As many as other clients of registries use; more would only queue there. */
const MOST_AT_ONCE = 6;

type Part = { readonly descriptor: Descriptor; readonly read: () => Promise<Uint8Array> };

/** Copies a release and what refers to it, signatures above all; only blobs that the other registry does not have. */
export async function copyRelease(
  from: ReleaseRegistry,
  to: ReleaseRegistry,
  reference: ReleaseReference,
): Promise<CopiedRelease> {
  const { repository: source } = await findRelease(from, reference);
  const release = await openRelease(from, reference);
  const target = to.repository(reference.agent);
  const attached = await readAttached(source, release.digest);
  const tag = await readSignatureTag(source, release.digest);
  const parts = [
    ...releaseParts(release),
    ...attached.parts,
    ...(tag === null ? [] : signatureParts(source, tag.manifest)),
  ];

  const moved = await copyParts(source, target, parts);
  await target.addRelease(release.manifest.version, release.ociManifestBytes);
  for (const referrer of attached.manifests) await target.addReferrer(referrer);
  if (tag !== null) await putSignatureTag(target, release.digest, tag);
  return { digest: release.digest, ...moved, referrers: attached.manifests.length };
}

type Attached = { readonly manifests: readonly Uint8Array[]; readonly parts: readonly Part[] };

// An index that refers to a release is left behind: it is another tool's, and names manifests that are not copied.
async function readAttached(source: ReleaseRepository, digest: Digest): Promise<Attached> {
  const referrers = (await source.referrers(digest)).filter(({ mediaType }) => mediaType === OCI_MANIFEST_TYPE);
  requireModestSizes(referrers, `what refers to ${digest}`);
  const manifests: Uint8Array[] = [];
  const parts: Part[] = [];
  for (const referrer of referrers) {
    const what = `signature manifest ${referrer.digest}`;
    const bytes = await readManifestPart(source, referrer, what);
    manifests.push(bytes);
    parts.push(...signatureParts(source, parseOciManifest(bytes, what)));
  }
  return { manifests, parts };
}

function signatureParts(source: ReleaseRepository, { config, layers }: OciManifest): readonly Part[] {
  return [config, ...layers].map((descriptor) => ({
    descriptor,
    read: () => readBlobPart(source, descriptor, `signature ${descriptor.digest}`),
  }));
}

// They were read to check the release, and need not be read again.
function releaseParts({ ociManifest, manifestBytes, components }: OpenRelease): readonly Part[] {
  const held = new Map(components.map(({ component, bytes }) => [component.digest, bytes]));
  return [ociManifest.config, ...ociManifest.layers].map((descriptor) => ({
    descriptor,
    read: async () => held.get(descriptor.digest) ?? manifestBytes,
  }));
}

type Moved = Pick<CopiedRelease, "blobsCopied" | "blobsTaken" | "blobsPresent">;

async function copyParts(source: ReleaseRepository, target: ReleaseRepository, parts: readonly Part[]): Promise<Moved> {
  const moved = { blobsCopied: 0, blobsTaken: 0, blobsPresent: 0 };
  const distinct = new Map(parts.map((part) => [part.descriptor.digest, part]));
  await atOnce(distinct.values(), MOST_AT_ONCE, async ({ descriptor, read }) => {
    if (await target.hasBlob(descriptor.digest)) moved.blobsPresent += 1;
    else if (await target.takeBlob(descriptor, source)) moved.blobsTaken += 1;
    else {
      await target.writeBlob(await read());
      moved.blobsCopied += 1;
    }
  });
  return moved;
}
