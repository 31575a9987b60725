import {
  digestOf,
  isSemanticVersion,
  OCI_MANIFEST_TYPE,
  parseOciManifest,
  type AgentName,
  type Descriptor,
  type ReleaseEntry,
  type ReleaseRepository,
} from "@perch/domain";
import { z } from "zod";
import { parseReleaseEntry, refuseTakenVersion, sortReleases } from "../release-artifact/index.ts";
import { refused } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import { MAX_DOCUMENT_BYTES, parseJsonAnswer, requireNoPage } from "./json-answer.ts";
import type { HeldManifest, Manifests } from "./manifests.ts";
import { readPages } from "./read-pages.ts";
import type { RegistryClient } from "./registry-client.ts";

const tagsSchema = z.object({ tags: z.array(z.string()).nullable() });
const PAGE = 1_000;

export type ReleasesOptions = {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly location: string;
  readonly agent: AgentName;
  readonly manifests: Manifests;
};

type Releases = Pick<ReleaseRepository, "addRelease" | "find" | "releases">;

/** The releases of one repository: a tag each, which is the version. */
export function createReleases(options: ReleasesOptions): Releases {
  const { client, agent, manifests, location } = options;
  return {
    async addRelease(version, manifest) {
      const wanted = { agent, version, digest: digestOf(manifest) };
      await client.persist<HttpAnswer | null>(async () => {
        // Before every try: a writer that was slow must not take a version from one that was told that it has it.
        const taken = await manifests.read(tagOf(version));
        refuseTakenVersion(taken, wanted);
        return taken === null ? manifests.tryWrite(tagOf(version), manifest) : { kind: "done", value: null };
      });
      // There is no compare-and-set: who wrote last has it, and the others are told so.
      const standing = await manifests.read(tagOf(version));
      if (standing === null) throw vanished(`${agent}@${version}`, location);
      refuseTakenVersion(standing, wanted);
      return describeManifest({ ...wanted, mediaType: OCI_MANIFEST_TYPE, size: manifest.length, bytes: manifest });
    },
    async find(selector) {
      const held = await manifests.read(selector.kind === "version" ? tagOf(selector.version) : selector.digest);
      return (held === null ? null : releaseEntryOf(held))?.descriptor ?? null;
    },
    releases: () => listReleases(options),
  };
}

/** A semantic version as a tag, which cannot hold a plus sign. No version has an underscore. */
export function tagOf(version: string): string {
  return version.replace("+", "_");
}

/** Whether a release of this agent is here, looking at no more manifests than that takes. */
export async function holdsReleases(options: ReleasesOptions): Promise<boolean> {
  for (const version of await listVersions(options)) {
    if ((await readEntry(options, version)) !== null) return true;
  }
  return false;
}

export function describeManifest(held: HeldManifest): Descriptor {
  const { mediaType, digest, size, bytes } = held;
  if (mediaType !== OCI_MANIFEST_TYPE) return { mediaType, digest, size };
  const { artifactType, annotations } = parseOciManifest(bytes, `manifest ${digest}`);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

async function listReleases(options: ReleasesOptions): Promise<readonly ReleaseEntry[]> {
  const versions = await listVersions(options);
  const entries = await Promise.all(versions.map((version) => readEntry(options, version)));
  return sortReleases(entries.filter((entry) => entry !== null));
}

async function listVersions({ client, repository }: ReleasesOptions): Promise<readonly string[]> {
  const versions = new Set<string>();
  const pages = readPages(client, {
    method: "GET",
    url: `/v2/${repository}/tags/list?n=${PAGE}`,
    scopes: [`repository:${repository}:pull`],
    statuses: [200, 404],
    maxBytes: MAX_DOCUMENT_BYTES,
  });
  for await (const page of pages) {
    requireNoPage(page, "a list of tags");
    if (page.status === 404) break;
    const { tags } = parseJsonAnswer(page, "a list of tags", tagsSchema);
    for (const version of (tags ?? []).map((tag) => tag.replace("_", "+"))) {
      if (isSemanticVersion(version)) versions.add(version);
    }
  }
  return [...versions];
}

// Null for a tag that is something else, or that says of itself that it is another version or another agent's.
async function readEntry(
  { manifests, agent }: Pick<ReleasesOptions, "manifests" | "agent">,
  version: string,
): Promise<ReleaseEntry | null> {
  const held = await manifests.read(tagOf(version));
  const entry = held === null ? null : releaseEntryOf(held);
  return entry !== null && entry.version === version && entry.agent === agent ? entry : null;
}

function releaseEntryOf(held: HeldManifest): ReleaseEntry | null {
  if (held.mediaType !== OCI_MANIFEST_TYPE) return null;
  const descriptor = describeManifest(held);
  return parseReleaseEntry(descriptor, descriptor);
}

function vanished(release: string, location: string): Error {
  return refused({
    message: `found nothing under the tag of ${release} in ${location} that was written a moment ago`,
    hint: "does something delete tags there? Otherwise try again in a moment: the registry may be behind",
  });
}
