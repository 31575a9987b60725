import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseAgentName, parseReleaseReference } from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyRelease, openRelease, storeRelease } from "../release-artifact/index.ts";
import { createDirectoryRegistry } from "./directory-registry.ts";

const SUPPORT = parseAgentName("support");

let scratch = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-oci-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

function freshDirectory(): string {
  count += 1;
  return join(scratch, `layout-${count}`);
}

async function freshLayout(): Promise<string> {
  const directory = freshDirectory();
  await createDirectoryRegistry(directory).repository(SUPPORT).writeBlob(Buffer.from("first"));
  return directory;
}

describeReleaseRegistry("OCI layout directory", {
  open: async () => createDirectoryRegistry(await freshLayout()),
  race: "one-wins",
});

test("a stored release is an OCI image layout: marker, index with annotations, blobs by digest", async () => {
  const directory = freshDirectory();
  const release = aBuiltRelease({ version: "1.0.0+build.7" });
  await storeRelease(createDirectoryRegistry(directory), release);
  expect(JSON.parse(await readFile(join(directory, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(JSON.parse(await readFile(join(directory, "index.json"), "utf8"))).toEqual({
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
          "org.opencontainers.image.version": "1.0.0+build.7",
          "org.opencontainers.image.ref.name": "support-1.0.0_build.7",
        },
      },
    ],
  });
  const opened = await openRelease(createDirectoryRegistry(directory), parseReleaseReference("support@1.0.0+build.7"));
  expect(opened.manifest).toEqual(release.manifest);
  expect(opened.policy).toEqual({ escalationTools: ["escalate"], successTools: ["refund"] });
});

test("a directory that is not there, or holds something else, is refused for reading", async () => {
  const other = freshDirectory();
  await mkdir(other);
  await writeFile(join(other, "notes.txt"), "mine");
  for (const [directory, found] of [
    [freshDirectory(), "no directory"],
    [other, "no OCI image layout"],
  ] as const) {
    await expect(createDirectoryRegistry(directory).repository(SUPPORT).releases()).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining(found),
      hint: expect.stringContaining("perch release build"),
    });
  }
});

test("somebody's directory is never turned into a registry", async () => {
  const directory = freshDirectory();
  await mkdir(directory);
  await writeFile(join(directory, "notes.txt"), "mine");
  const registry = createDirectoryRegistry(directory);
  await expect(registry.repository(SUPPORT).writeBlob(Buffer.from("x"))).rejects.toMatchObject({
    code: "layout_invalid",
  });
});

test.each(["", "{", '{"schemaVersion":1}', '{"schemaVersion":2,"manifests":[{"digest":"x"}]}'])(
  "an index.json that says %j is refused, not crashed on",
  async (text) => {
    const directory = await freshLayout();
    await writeFile(join(directory, "index.json"), text);
    await expect(createDirectoryRegistry(directory).repository(SUPPORT).releases()).rejects.toMatchObject({
      code: "layout_invalid",
    });
  },
);

test("an unknown agent and an unknown version are told apart, with what there is instead", async () => {
  const registry = createDirectoryRegistry(freshDirectory());
  await storeRelease(registry, aBuiltRelease());
  await expect(openRelease(registry, parseReleaseReference("support@9.9.9"))).rejects.toMatchObject({
    code: "release_unknown",
    message: expect.stringContaining("of this agent it has 1.0.0"),
  });
  await expect(openRelease(registry, parseReleaseReference("sales@1.0.0"))).rejects.toMatchObject({
    code: "release_unknown",
    message: expect.stringContaining("it has agents support"),
  });
});

test("storing a changed release under a used version is refused", async () => {
  const registry = createDirectoryRegistry(freshDirectory());
  await storeRelease(registry, aBuiltRelease());
  await storeRelease(registry, aBuiltRelease());
  await expect(storeRelease(registry, aBuiltRelease({ prompt: "Be kind." }))).rejects.toMatchObject({
    code: "version_taken",
    hint: expect.stringContaining("raise metadata.version"),
  });
});

test("an index that names a release by another version than its manifest does is not believed", async () => {
  const directory = freshDirectory();
  const registry = createDirectoryRegistry(directory);
  await storeRelease(registry, aBuiltRelease());
  const index = join(directory, "index.json");
  await writeFile(index, (await readFile(index, "utf8")).replaceAll("1.0.0", "6.6.6"));
  await expect(openRelease(registry, parseReleaseReference("support@6.6.6"))).rejects.toMatchObject({
    code: "layout_invalid",
    message: "found a release of support@1.0.0, expected support@6.6.6",
  });
});

test("a release that another tool copied in without annotations is found all the same", async () => {
  const directory = freshDirectory();
  const registry = createDirectoryRegistry(directory);
  const release = aBuiltRelease();
  const { digest, size } = await storeRelease(registry, release);
  const bare = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size };
  const index = { schemaVersion: 2, manifests: [{ mediaType: "text/plain", digest: digestOf("x"), size: 1 }, bare] };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  expect((await registry.repository(SUPPORT).releases()).map(({ agent, version }) => `${agent}@${version}`)).toEqual([
    "support@1.0.0",
  ]);
});

test("what other tools wrote into the index stays", async () => {
  const directory = await freshLayout();
  const foreign = { mediaType: "text/plain", digest: digestOf("x"), size: 1, platform: { os: "linux" } };
  const index = { schemaVersion: 2, annotations: { theirs: "yes" }, manifests: [foreign] };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  await storeRelease(createDirectoryRegistry(directory), aBuiltRelease());
  const after = JSON.parse(await readFile(join(directory, "index.json"), "utf8")) as typeof index;
  expect(after.annotations).toEqual({ theirs: "yes" });
  expect(after.manifests[0]).toEqual(foreign);
  expect(after.manifests).toHaveLength(2);
});

test("copying takes over only the blobs that are missing", async () => {
  const from = createDirectoryRegistry(freshDirectory());
  const to = createDirectoryRegistry(freshDirectory());
  await storeRelease(from, aBuiltRelease({ version: "1.0.0" }));
  await storeRelease(from, aBuiltRelease({ version: "1.0.1", prompt: "Be kind." }));
  const first = await copyRelease(from, to, parseReleaseReference("support@1.0.0"));
  const second = await copyRelease(from, to, parseReleaseReference("support@1.0.1"));
  expect(first).toMatchObject({ blobsPresent: 0, blobsCopied: 7 });
  // The prompt and the release manifest differ.
  expect(second).toMatchObject({ blobsPresent: 5, blobsCopied: 2 });
  expect(await copyRelease(from, to, parseReleaseReference("support@1.0.1"))).toMatchObject({ blobsCopied: 0 });
});

test("a lock that a dead process left behind is taken over", async () => {
  const directory = await freshLayout();
  const dead = spawnSync(process.execPath, ["-e", "console.log(require('os').hostname(), process.pid)"]);
  await writeFile(join(directory, "index.json.lock"), `${dead.stdout.toString().trim()} token`);
  await storeRelease(createDirectoryRegistry(directory), aBuiltRelease());
  expect(await createDirectoryRegistry(directory).repository(SUPPORT).releases()).toHaveLength(1);
});
