import type { AgentView, PointerView } from "@perch/api";
import type { InspectedAttached } from "@perch/adapters/sigstore";
import type { CopiedRelease } from "@perch/adapters/release-artifact";
import { componentLabel, type Component, type Digest, type ReleaseManifest } from "@perch/domain";
import { describeAttached } from "./describe-attached.ts";

import type { HistoryLine } from "./agent-history.ts";

export type ListedRelease = {
  readonly agent: string;
  readonly version: string;
  readonly digest: Digest;
  readonly signatures: number;
  readonly attestations: number;
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
    `${reference} is in ${where}: ${blobsCopied} blobs copied, ${taken}${blobsPresent} were there, ${counted(referrers, "signature")}`,
    digest,
  ].join("\n");
}

export function describeList(releases: readonly ListedRelease[]): string {
  if (releases.length === 0) return "no releases yet; `perch release build DIR` adds one";
  const names = releases.map(({ agent, version }) => `${agent}@${version}`);
  const width = Math.max(...names.map((name) => name.length));
  return releases
    .map((release, index) => `${(names[index] ?? "").padEnd(width)}  ${release.digest}  ${attachedTo(release)}`)
    .join("\n");
}

/** Releases with their status and pointers, then what happened, oldest first. */
export function describeHistory(
  agent: AgentView,
  pointers: readonly PointerView[],
  history: readonly HistoryLine[],
): string {
  const width = Math.max(0, ...agent.releases.map(({ release }) => release.version.length));
  const lines = agent.releases.map(({ release, status, quarantined }) => {
    const standing = pointers.filter((held) => held.release.digest === release.digest).map(({ pointer }) => pointer);
    const notes = [status, ...(quarantined ? ["quarantined"] : []), ...standing.map((name) => `:${name}`)];
    return `  ${release.version.padEnd(width)}  ${release.digest.slice(0, 19)}…  ${notes.join("  ")}`;
  });
  const happened = history.map(({ at, text }) => `  ${new Date(at).toISOString()}  ${text}`);
  return [agent.agent, ...lines, "", ...happened].join("\n");
}

export function describeInspected(release: {
  readonly manifest: ReleaseManifest;
  readonly digest: Digest;
  readonly attached: InspectedAttached;
  readonly note: string | null;
}): string {
  const { manifest, digest, attached, note } = release;
  return [
    `${manifest.agent}@${manifest.version}`,
    digest,
    "",
    ...componentLines(manifest.components),
    "",
    describeAttached(attached, note),
  ].join("\n");
}

function componentLines(components: readonly Component[]): readonly string[] {
  const labels = components.map((component) => componentLabel(component));
  const width = Math.max(0, ...labels.map((label) => label.length));
  return components.map(
    ({ digest, size }, index) => `  ${(labels[index] ?? "").padEnd(width)}  ${digest.slice(0, 19)}…  ${size} bytes`,
  );
}

function attachedTo({ signatures, attestations }: ListedRelease): string {
  const signed = signatures === 0 ? "unsigned" : counted(signatures, "signature");
  return attestations === 0 ? signed : `${signed}, ${counted(attestations, "attestation")}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
