import {
  EMPTY_CONFIG,
  parseAgentName,
  parseReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { openRelease, storeRelease } from "../release-artifact/index.ts";
import { EMPTY_INDEX, indexBytes } from "../oci-index/index.ts";
import type { Bucket } from "./bucket.ts";
import { createMemoryBucket, type HonouredConditions } from "./memory-bucket.ts";
import { createBucketRegistry } from "./s3-registry.ts";
import type { Timing } from "./timing.ts";

const SUPPORT = parseAgentName("support");
const INDEX = "team/agents/support/index.json";
const LOCATION = { bucket: "releases", prefix: "team", endpoint: null, region: null, isPathStyle: false };
const AT_ONCE: Timing = { pause: async () => {}, random: () => 0, now: () => 0 };

function open(bucket: Bucket, timing = AT_ONCE): ReleaseRegistry {
  return createBucketRegistry(bucket, LOCATION, timing);
}

function support(bucket: Bucket, timing = AT_ONCE): ReleaseRepository {
  return open(bucket, timing).repository(SUPPORT);
}

function recorded(random: number): Timing & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return { pauses, pause: async (ms) => void pauses.push(ms), random: () => random, now: () => 0 };
}

describeReleaseRegistry("a bucket with conditional writes", {
  open: async () => open(createMemoryBucket("all")),
  race: "one-wins",
});

describeReleaseRegistry("a bucket without conditional writes", {
  open: async () => open(createMemoryBucket("none")),
  race: "one-stands",
});

test.each(["all", "isAbsent", "none", "refused"] satisfies HonouredConditions[])(
  "eight writers that know nothing of each other lose nothing in a bucket that honours %s of the conditions",
  async (honoured) => {
    const bucket = createMemoryBucket(honoured);
    const releases = Array.from({ length: 8 }, (_, index) => aBuiltRelease({ version: `1.0.${index}` }));
    await Promise.all(releases.map((release) => storeRelease(open(bucket), release)));
    expect(await support(bucket).releases()).toHaveLength(8);
  },
);

test("a bucket holds blobs by digest, an OCI index for each agent, and one small object to probe it", async () => {
  const bucket = createMemoryBucket("all");
  const release = aBuiltRelease();
  await storeRelease(open(bucket), release);
  const blobs = [release.digest, ...release.blobs.keys()].map((digest) => `team/blobs/sha256/${digest.slice(7)}`);
  expect([...bucket.objects.keys()].toSorted()).toEqual([...blobs, INDEX, "team/conditional-writes.probe"].toSorted());
  expect(JSON.parse(Buffer.from(bucket.objects.get(INDEX) ?? []).toString())).toEqual({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: release.digest,
        size: release.ociManifest.length,
        artifactType: "application/vnd.perch.release.v1",
        annotations: {
          "dev.perch.agent": "support",
          "org.opencontainers.image.version": "1.0.0",
          "org.opencontainers.image.ref.name": "support-1.0.0",
        },
      },
    ],
  });
});

test("releases lie at the top of the bucket when the location has no prefix", async () => {
  const bucket = createMemoryBucket("all");
  const registry = createBucketRegistry(bucket, { ...LOCATION, prefix: "" }, AT_ONCE);
  await storeRelease(registry, aBuiltRelease());
  expect(bucket.objects.has("agents/support/index.json")).toBe(true);
  expect(await registry.agents()).toEqual([SUPPORT]);
});

test("its location is told with the agent", () => {
  expect(support(createMemoryBucket("all")).location).toBe("s3://releases/team/support");
});

test("only names of agents are listed, whatever else lies beside them", async () => {
  const bucket = createMemoryBucket("all");
  await storeRelease(open(bucket), aBuiltRelease());
  for (const name of ["..", "UPPER", "a b"])
    bucket.objects.set(`team/agents/${name}/index.json`, indexBytes(EMPTY_INDEX));
  expect(await open(bucket).agents()).toEqual([SUPPORT]);
});

test("a blob of another size is written again, one of the same size is not", async () => {
  const bucket = createMemoryBucket("all");
  const digest = await support(bucket).writeBlob(EMPTY_CONFIG);
  const key = `team/blobs/sha256/${digest.slice(7)}`;
  bucket.objects.set(key, Buffer.from("{"));
  await support(bucket).writeBlob(EMPTY_CONFIG);
  expect(Buffer.from(bucket.objects.get(key) ?? []).toString()).toBe("{}");
});

describe("an index", () => {
  test.each(["", "{", "[]", '{"schemaVersion":2,"manifests":[{"digest":"x"}]}', "<html>"])(
    "that says %j is refused for reading and for writing, and stays as it is",
    async (text) => {
      const bucket = createMemoryBucket("all");
      bucket.objects.set(INDEX, Buffer.from(text));
      const refusal = {
        code: "layout_invalid",
        message: expect.stringContaining("as the index of s3://releases/team/support"),
      };
      await expect(support(bucket).releases()).rejects.toMatchObject(refusal);
      await expect(storeRelease(open(bucket), aBuiltRelease())).rejects.toMatchObject(refusal);
      expect(Buffer.from(bucket.objects.get(INDEX) ?? []).toString()).toBe(text);
    },
  );

  test("of more than 16 MiB is refused", async () => {
    const bucket = createMemoryBucket("all");
    bucket.objects.set(INDEX, Buffer.alloc(16 * 1024 * 1024 + 1, " "));
    await expect(support(bucket).releases()).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("found more than 16777216 bytes"),
    });
  });

  test("that names a release by another version than its manifest does is not believed", async () => {
    const bucket = createMemoryBucket("all");
    await storeRelease(open(bucket), aBuiltRelease());
    const text = Buffer.from(bucket.objects.get(INDEX) ?? []).toString();
    bucket.objects.set(INDEX, Buffer.from(text.replaceAll("1.0.0", "6.6.6")));
    await expect(openRelease(open(bucket), parseReleaseReference("support@6.6.6"))).rejects.toMatchObject({
      code: "layout_invalid",
    });
  });

  test("keeps what other tools wrote into it", async () => {
    const bucket = createMemoryBucket("all");
    bucket.objects.set(INDEX, Buffer.from('{"schemaVersion":2,"annotations":{"theirs":"yes"},"manifests":[]}'));
    await storeRelease(open(bucket), aBuiltRelease());
    expect(Buffer.from(bucket.objects.get(INDEX) ?? []).toString()).toContain('"theirs": "yes"');
    expect(await support(bucket).releases()).toHaveLength(1);
  });
});

describe("a change of the index", () => {
  test("that changes nothing writes nothing and probes nothing", async () => {
    const bucket = createMemoryBucket("all");
    await storeRelease(open(bucket), aBuiltRelease());
    const readOnly = { ...bucket, write: async () => Promise.reject(new Error("written")) };
    await storeRelease(open(readOnly), aBuiltRelease());
  });

  test("is given up after twenty others were faster, having waited longer and longer", async () => {
    const bucket = createMemoryBucket("all");
    const busy: Bucket = {
      ...bucket,
      write: async (key, ...rest) => (key === INDEX ? "conflict" : bucket.write(key, ...rest)),
    };
    const timing = recorded(0.5);
    await expect(storeRelease(open(busy, timing), aBuiltRelease())).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("changed by others 20 times in a row"),
    });
    expect(timing.pauses).toEqual([12.5, 25, 50, 100, 200, 400, ...Array.from({ length: 14 }, () => 500)]);
  });

  test("that was overwritten by somebody who had read before is made again when nobody can be refused", async () => {
    const bucket = createMemoryBucket("none");
    let overwrites = 3;
    const timing = recorded(0.5);
    const pause = async (ms: number): Promise<void> => {
      await timing.pause(ms);
      overwrites -= 1;
      if (overwrites >= 0) bucket.objects.set(INDEX, indexBytes(EMPTY_INDEX));
    };
    await storeRelease(open(bucket, { ...timing, pause }), aBuiltRelease());
    expect(await support(bucket).releases()).toHaveLength(1);
    expect(timing.pauses).toEqual([300, 300, 300, 300]);
  });

  test("waits longer before it is read again the longer the way to the bucket is", async () => {
    const timing = recorded(0);
    let now = 0;
    const slow = { ...timing, now: () => (now += 1_000) };
    await storeRelease(open(createMemoryBucket("none"), slow), aBuiltRelease());
    expect(timing.pauses).toEqual([3_000]);
  });

  test("fails for the one whose version went to another digest meanwhile", async () => {
    const bucket = createMemoryBucket("none");
    const other = createMemoryBucket("none");
    await storeRelease(open(other), aBuiltRelease({ prompt: "Be kind." }));
    const pause = async (): Promise<void> => {
      bucket.objects.set(INDEX, other.objects.get(INDEX) ?? new Uint8Array());
    };
    await expect(storeRelease(open(bucket, { ...AT_ONCE, pause }), aBuiltRelease())).rejects.toMatchObject({
      code: "version_taken",
    });
    expect(await support(bucket).releases()).toHaveLength(1);
  });
});
