import {
  parseOciManifest,
  type Descriptor,
  type Digest,
  type ReleaseReference,
  type ReleaseRegistry,
} from "@perch/domain";
import { openRelease, readPart } from "./open-release.ts";

export type CopiedRelease = {
  readonly digest: Digest;
  readonly blobsCopied: number;
  readonly blobsPresent: number;
  readonly referrers: number;
};

/** Copies a release and what refers to it, signatures above all; only blobs that the other registry does not have. */
export async function copyRelease(
  from: ReleaseRegistry,
  to: ReleaseRegistry,
  reference: ReleaseReference,
): Promise<CopiedRelease> {
  const release = await openRelease(from, reference);
  const { agent, version } = release.manifest;
  const referrers = await from.referrers(release.digest);
  const blobs = new Map<Digest, { descriptor: Descriptor; what: string }>();
  const want = (descriptor: Descriptor, what: string): void => void blobs.set(descriptor.digest, { descriptor, what });
  want(release.ociManifest.config, "the release manifest");
  for (const layer of release.ociManifest.layers) want(layer, `component ${layer.digest}`);
  for (const referrer of referrers) {
    const what = `signature manifest ${referrer.digest}`;
    const manifest = parseOciManifest(await readPart(from, referrer, what), what);
    for (const part of [manifest.config, ...manifest.layers]) want(part, `signature ${part.digest}`);
    want(referrer, what);
  }
  want(release.descriptor, "the OCI manifest");

  let blobsCopied = 0;
  for (const { descriptor, what } of blobs.values()) {
    if (await to.hasBlob(descriptor.digest)) continue;
    await to.writeBlob(await readPart(from, descriptor, what));
    blobsCopied += 1;
  }
  await to.addRelease({ agent, version, descriptor: release.descriptor });
  for (const referrer of referrers) await to.addReferrer(release.digest, referrer);
  return { digest: release.digest, blobsCopied, blobsPresent: blobs.size - blobsCopied, referrers: referrers.length };
}
