import { parseAgentName, RoutingError, type AgentName, type ReleaseRegistry } from "@perch/domain";
import type { Bucket } from "./bucket.ts";
import { honoursConditions } from "./conditional-writes.ts";
import { createS3Repository, keyOf } from "./s3-repository.ts";
import type { S3Location } from "./s3-location.ts";
import { REAL_TIMING, type Timing } from "./timing.ts";

/**
 * Releases in a bucket of AWS S3 or of a server that speaks as it does:
 *
 *     PREFIX/blobs/sha256/<hex>          every blob and manifest, shared by all agents
 *     PREFIX/agents/<agent>/index.json   an OCI image index: the agent's releases, what refers to them, tags
 *
 * Credentials are found by the AWS SDK. Of writers that claim one version at the same time exactly one wins where the
 * server honours conditional writes (`createAgentIndex` says what holds where it does not).
 */
export function createS3Registry(location: S3Location): ReleaseRegistry {
  const bucket = openedLater(async () => {
    // Commands that need no bucket do not wait for the SDK to load.
    const { openAwsBucket } = await import("./aws-bucket.ts");
    return openAwsBucket(location);
  });
  return createBucketRegistry(bucket, location, REAL_TIMING);
}

export function createBucketRegistry(bucket: Bucket, location: S3Location, timing: Timing): ReleaseRegistry {
  const probed = once(() => honoursConditions(bucket, keyOf(location, "conditional-writes.probe")));
  const place = { bucket, location, timing, honoursConditions: probed };
  return {
    async agents() {
      const names = await bucket.folders(keyOf(location, "agents/"));
      return names.flatMap(agentNames).toSorted();
    },
    repository: (agent) => createS3Repository(place, agent),
  };
}

// Anybody may keep anything else there.
function agentNames(name: string): readonly AgentName[] {
  try {
    return [parseAgentName(name)];
  } catch (error) {
    if (error instanceof RoutingError) return [];
    throw error;
  }
}

function openedLater(open: () => Promise<Bucket>): Bucket {
  const opened = once(open);
  return {
    read: async (key, limit) => (await opened()).read(key, limit),
    size: async (key) => (await opened()).size(key),
    write: async (key, object, condition) => (await opened()).write(key, object, condition),
    copy: async (key, from) => (await opened()).copy(key, from),
    folders: async (prefix) => (await opened()).folders(prefix),
  };
}

// What failed is tried again the next time.
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | null = null;
  return () => {
    begun ??= work().catch((error: unknown) => {
      begun = null;
      throw error;
    });
    return begun;
  };
}
