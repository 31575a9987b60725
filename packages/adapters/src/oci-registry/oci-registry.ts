import { setTimeout as sleep } from "node:timers/promises";
import {
  digestOf,
  parseOciManifest,
  type AgentName,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { createBlobs } from "./blobs.ts";
import type { CredentialSource } from "./credentials.ts";
import { createFallbackIndex } from "./fallback-index.ts";
import { listAgents } from "./list-agents.ts";
import { createManifests } from "./manifests.ts";
import { formatOciLocation, type OciLocation } from "./oci-location.ts";
import { createReferrers } from "./referrers.ts";
import { createRegistryClient, type RegistryClient } from "./registry-client.ts";
import { createReleases, describeManifest, holdsReleases, type ReleasesOptions } from "./release-manifests.ts";
import { createTurns, type Turns } from "./turns.ts";

export type OciRegistryOptions = {
  /** `https://HOST[:PORT]` */
  readonly origin: string;
  /** What stands before an agent's name in the names of repositories. */
  readonly prefix: string;
  /** Default: nobody's. */
  readonly credentials?: CredentialSource;
  /** A larger blob is sent in chunks of this size. Default: 16 MiB. */
  readonly chunkBytes?: number;
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly random?: () => number;
};

type Settings = Required<OciRegistryOptions> & { readonly inTurn: Turns };

const DEFAULTS = {
  credentials: async () => null,
  chunkBytes: 16_777_216,
  timeoutMs: 60_000,
  // Not the function itself, so that what is put in its place later is used.
  fetch: (...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request),
  now: () => Date.now(),
  sleep: async (ms: number) => sleep(ms),
  random: () => Math.random(),
};

/**
 * Releases in a registry of the OCI Distribution API 1.1: the repository PREFIX/AGENT for each agent, a tag for each
 * version. The API has no compare-and-set: of writers that claim one version at the same moment, one stands in the end.
 */
export function createOciRegistry(options: OciRegistryOptions): ReleaseRegistry {
  const settings: Settings = { ...DEFAULTS, ...options, inTurn: createTurns(1) };
  const client = createRegistryClient(settings);
  return {
    agents: () =>
      listAgents(client, settings.prefix, (agent) => holdsReleases(releasesOptions(client, settings, agent))),
    repository: (agent) => createOciRepository(client, settings, agent),
  };
}

function createOciRepository(client: RegistryClient, settings: Settings, agent: AgentName): ReleaseRepository {
  const options = releasesOptions(client, settings, agent);
  const { manifests, repository, location } = options;
  const { sleep, random, inTurn, chunkBytes } = settings;
  return {
    agent,
    location,
    ...createBlobs({ client, repository, location, chunkBytes }),
    readManifest: (expected) => manifests.readExpected(expected),
    ...createReleases(options),
    ...createReferrers({
      client,
      repository,
      manifests,
      fallback: createFallbackIndex({ manifests, location, sleep, random, inTurn }),
    }),
    async readTag(tag) {
      const held = await manifests.read(tag);
      return held === null ? null : describeManifest(held);
    },
    async writeTag(tag, bytes) {
      const { mediaType } = parseOciManifest(bytes, "the manifest");
      await manifests.write(tag, bytes);
      return describeManifest({ mediaType, digest: digestOf(bytes), size: bytes.length, bytes });
    },
  };
}

function releasesOptions(
  client: RegistryClient,
  { origin, prefix }: OciRegistryOptions,
  agent: AgentName,
): ReleasesOptions {
  const place: OciLocation = { origin, path: `${prefix}/${agent}` };
  const location = formatOciLocation(place);
  const held = { client, repository: place.path, location };
  return { ...held, agent, manifests: createManifests(held) };
}
