import {
  componentLabel,
  parseOciManifest,
  type Descriptor,
  type Digest,
  type ReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { findRelease } from "./find-release.ts";
import { openRelease, readBlobPart, readManifestPart } from "./open-release.ts";

export type CopiedRelease = {
  readonly digest: Digest;
  /** Blobs whose bytes travelled. */
  readonly blobsCopied: number;
  /** Blobs that the other registry took over from one of its own repositories. */
  readonly blobsTaken: number;
  readonly blobsPresent: number;
  readonly referrers: number;
};

type Part = { readonly descriptor: Descriptor; readonly what: string };

/** Copies a release and what refers to it, signatures above all; only blobs that the other registry does not have. */
export async function copyRelease(
  from: ReleaseRegistry,
  to: ReleaseRegistry,
  reference: ReleaseReference,
): Promise<CopiedRelease> {
  const { repository: source } = await findRelease(from, reference);
  const release = await openRelease(from, reference);
  const target = to.repository(reference.agent);
  const { manifest, ociManifest } = release;
  const labels = new Map(manifest.components.map((component) => [component.digest, componentLabel(component)]));
  const parts: Part[] = [{ descriptor: ociManifest.config, what: "the release manifest" }];
  for (const layer of ociManifest.layers) {
    parts.push({ descriptor: layer, what: `component ${labels.get(layer.digest) ?? layer.digest}` });
  }

  const referrers: Uint8Array[] = [];
  for (const referrer of await source.referrers(release.digest)) {
    const what = `signature manifest ${referrer.digest}`;
    const bytes = await readManifestPart(source, referrer, what);
    referrers.push(bytes);
    const { config, layers } = parseOciManifest(bytes, what);
    parts.push(...[config, ...layers].map((descriptor) => ({ descriptor, what: `signature ${descriptor.digest}` })));
  }

  const moved = await copyParts(source, target, parts);
  await target.addRelease(manifest.version, release.ociManifestBytes);
  for (const referrer of referrers) await target.addReferrer(referrer);
  return { digest: release.digest, ...moved, referrers: referrers.length };
}

type Moved = Pick<CopiedRelease, "blobsCopied" | "blobsTaken" | "blobsPresent">;

async function copyParts(source: ReleaseRepository, target: ReleaseRepository, parts: readonly Part[]): Promise<Moved> {
  const moved = { blobsCopied: 0, blobsTaken: 0, blobsPresent: 0 };
  const distinct = new Map(parts.map((part) => [part.descriptor.digest, part]));
  for (const { descriptor, what } of distinct.values()) {
    if (await target.hasBlob(descriptor.digest)) moved.blobsPresent += 1;
    else if (await target.takeBlob(descriptor, source)) moved.blobsTaken += 1;
    else {
      await target.writeBlob(await readBlobPart(source, descriptor, what));
      moved.blobsCopied += 1;
    }
  }
  return moved;
}
