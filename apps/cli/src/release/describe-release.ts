import type { CopiedRelease } from "@perch/adapters/release-artifact";
import { componentLabel, type Component, type Digest, type ReleaseManifest } from "@perch/domain";

export type ListedRelease = {
  readonly agent: string;
  readonly version: string;
  readonly digest: Digest;
  readonly signatures: number;
};

export function describeBuilt(manifest: ReleaseManifest, digest: Digest): string {
  const { agent, version } = manifest;
  return [
    `built ${agent}@${version}`,
    digest,
    "",
    ...componentLines(manifest.components),
    "",
    `next: perch release sign ${agent}@${version} --key perch.key`,
  ].join("\n");
}

export function describeCopied(reference: string, where: string, copied: CopiedRelease): string {
  const { digest, blobsCopied, blobsTaken, blobsPresent, referrers } = copied;
  const taken = blobsTaken === 0 ? "" : `${blobsTaken} taken over there, `;
  return [
    `${reference} is in ${where}: ${blobsCopied} blobs copied, ${taken}${blobsPresent} were there, ${signatures(referrers)}`,
    digest,
  ].join("\n");
}

export function describeList(releases: readonly ListedRelease[]): string {
  if (releases.length === 0) return "no releases yet; `perch release build DIR` adds one";
  const names = releases.map(({ agent, version }) => `${agent}@${version}`);
  const width = Math.max(...names.map((name) => name.length));
  return releases
    .map(({ digest, signatures }, index) => `${(names[index] ?? "").padEnd(width)}  ${digest}  ${signed(signatures)}`)
    .join("\n");
}

export function describeInspected(release: {
  readonly manifest: ReleaseManifest;
  readonly digest: Digest;
  readonly signatures: { readonly trusted: readonly string[]; readonly notTrusted: readonly string[] };
}): string {
  const { manifest, digest, signatures } = release;
  const { trusted, notTrusted } = signatures;
  return [
    `${manifest.agent}@${manifest.version}`,
    digest,
    "",
    ...componentLines(manifest.components),
    "",
    ...(trusted.length + notTrusted.length === 0 ? ["not signed"] : []),
    ...trusted.map((fingerprint) => `signed by trusted key ${fingerprint}`),
    ...notTrusted.map((reason) => `signature that does not count: ${reason}`),
  ].join("\n");
}

function componentLines(components: readonly Component[]): readonly string[] {
  const labels = components.map((component) => componentLabel(component));
  const width = Math.max(0, ...labels.map((label) => label.length));
  return components.map(
    ({ digest, size }, index) => `  ${(labels[index] ?? "").padEnd(width)}  ${digest.slice(0, 19)}…  ${size} bytes`,
  );
}

function signed(count: number): string {
  return count === 0 ? "unsigned" : signatures(count);
}

function signatures(count: number): string {
  return count === 1 ? "1 signature" : `${count} signatures`;
}
