import {
  digestOf,
  OCI_EMPTY_TYPE,
  OCI_MANIFEST_TYPE,
  parseOciIndex,
  type Descriptor,
  type Digest,
  type ReleaseRepository,
} from "@perch/domain";
import { parseReferrer } from "../release-artifact/index.ts";
import type { FallbackIndex } from "./fallback-index.ts";
import { MAX_DOCUMENT_BYTES, mediaTypeOf, requireSize, unfit } from "./json-answer.ts";
import { requireShallow } from "./json-depth.ts";
import { OCI_INDEX_TYPE, type Manifests } from "./manifests.ts";
import { readPages } from "./read-pages.ts";
import type { RegistryClient } from "./registry-client.ts";
import { describeManifest } from "./release-manifests.ts";

export type ReferrersOptions = {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly manifests: Manifests;
  readonly fallback: FallbackIndex;
};

/** What refers to a manifest: by the referrers API, or by its fallback tag where the registry does not know the API. */
export function createReferrers(options: ReferrersOptions): Pick<ReleaseRepository, "addReferrer" | "referrers"> {
  const { manifests, fallback } = options;
  return {
    async addReferrer(bytes) {
      const { subject } = parseReferrer(bytes);
      const digest = digestOf(bytes);
      const descriptor = describeManifest({ mediaType: OCI_MANIFEST_TYPE, digest, size: bytes.length, bytes });
      const answer = await manifests.write(digest, bytes);
      // By this header a registry says that it will list the manifest itself.
      if (!answer.headers.has("oci-subject")) await fallback.add(subject.digest, descriptor);
      return descriptor;
    },
    async referrers(subject) {
      const listed = (await askRegistry(options, subject)) ?? (await fallback.read(subject));
      const distinct = new Map(listed.map((descriptor) => [descriptor.digest, descriptor]));
      return Promise.all([...distinct.values()].map((descriptor) => typed(manifests, descriptor)));
    },
  };
}

// Some list the type of a manifest's config as its own, or none; the manifest itself knows better.
async function typed(manifests: Manifests, descriptor: Descriptor): Promise<Descriptor> {
  const { mediaType, artifactType = OCI_EMPTY_TYPE } = descriptor;
  if (artifactType !== OCI_EMPTY_TYPE || mediaType !== OCI_MANIFEST_TYPE) return descriptor;
  const bytes = await manifests.readExpected(descriptor);
  return bytes === null ? descriptor : describeManifest({ ...descriptor, bytes });
}

// Null: the registry does not know this part of the API.
async function askRegistry(
  { client, repository }: ReferrersOptions,
  subject: Digest,
): Promise<readonly Descriptor[] | null> {
  const listed: Descriptor[] = [];
  const pages = readPages(client, {
    method: "GET",
    url: `/v2/${repository}/referrers/${subject}`,
    scopes: [`repository:${repository}:pull`],
    statuses: [200, 404],
    headers: { accept: OCI_INDEX_TYPE },
    maxBytes: MAX_DOCUMENT_BYTES,
  });
  for await (const page of pages) {
    if (page.status === 404) return null;
    const what = `a list of referrers (${OCI_INDEX_TYPE})`;
    if (mediaTypeOf(page) !== OCI_INDEX_TYPE)
      throw unfit(page, what, `the media type ${mediaTypeOf(page) || "of nothing"}`);
    requireSize(page, what);
    requireShallow(page.body, what);
    listed.push(...parseOciIndex(page.body, "the list of referrers").manifests);
  }
  return listed;
}
