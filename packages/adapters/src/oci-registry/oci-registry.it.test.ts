import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, parseAgentName, parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { copyRelease, storeRelease } from "../release-artifact/index.ts";
import {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  signRelease,
  trustKeys,
  verifyRelease,
} from "../sigstore/index.ts";
import { createOciRegistry, type OciRegistryOptions } from "./oci-registry.ts";

const SUPPORT = parseAgentName("support");
const isMissing = findDockerRegistry() === null;
const why = isMissing ? " (skipped: no docker-registry on the PATH)" : "";

let scratch = "";
let server: DockerRegistry;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-oci-registry-"));
  if (!isMissing) server = await startDockerRegistry();
});
afterAll(async () => {
  await server?.stop();
  await rm(scratch, { recursive: true, force: true });
});

// Pauses are shortened, not left out: the server needs them too.
const hurried = { sleep: (ms: number) => sleep(ms / 10) };

/** In a prefix of its own, so that it is empty. */
function emptyRegistry(options: Partial<OciRegistryOptions> = {}): ReleaseRegistry {
  return createOciRegistry({ origin: `http://${server.host}`, prefix: freshPrefix(), ...hurried, ...options });
}

function freshPrefix(): string {
  count += 1;
  return `acme/p${count}`;
}

type Sent = { readonly method: string; readonly url: string; readonly bytes: number };

/** The network, with a record of what was sent; `fails` breaks the connection before a request leaves. */
function recorded(fails: (sent: Sent, earlier: readonly Sent[]) => boolean = () => false) {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const body = init?.body instanceof Uint8Array ? init.body.length : 0;
    const request = { method: init?.method ?? "GET", url: new Request(input).url, bytes: body };
    if (fails(request, sent)) throw new TypeError("fetch failed", { cause: new Error("the line is dead") });
    sent.push(request);
    return globalThis.fetch(input, init);
  };
  return { fetch, sent, uploads: () => sent.filter(({ method, url }) => method === "PUT" && url.includes("/blobs/")) };
}

describe.skipIf(isMissing)(`docker-registry${why}`, () => {
  describeReleaseRegistry("docker-registry", { open: async () => emptyRegistry(), race: "one-stands" });

  test("what refers to a release is listed under the fallback tag, where other tools find it and add to it", async () => {
    const prefix = freshPrefix();
    const registry = emptyRegistry({ prefix });
    const { digest } = await storeRelease(registry, aBuiltRelease());
    const key = parseSigningKey(generateKeyPair().privatePem, "it");
    const reference = parseReleaseReference("support@1.0.0");
    const tag = `http://${server.host}/v2/${prefix}/support/manifests/${digest.replace(":", "-")}`;
    await signRelease(registry, reference, { key, now: new Date(0) });
    const read = async () => {
      const answer = await fetch(tag, { headers: { accept: "application/vnd.oci.image.index.v1+json" } });
      return (await answer.json()) as { annotations?: unknown; manifests: Record<string, unknown>[] };
    };
    const index = await read();
    expect(index.manifests).toHaveLength(1);
    expect(index.manifests[0]).toMatchObject({ artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" });

    const theirs = { ...index, annotations: { theirs: "yes" }, manifests: [{ ...index.manifests[0], data: "e30=" }] };
    const headers = { "content-type": "application/vnd.oci.image.index.v1+json" };
    expect((await fetch(tag, { method: "PUT", headers, body: JSON.stringify(theirs) })).status).toBe(201);
    const other = parseSigningKey(generateKeyPair().privatePem, "it");
    await signRelease(registry, reference, { key: other, now: new Date(0) });
    const after = await read();
    expect(after.annotations).toEqual({ theirs: "yes" });
    expect(after.manifests[0]).toEqual(theirs.manifests[0]);
    expect(after.manifests).toHaveLength(2);
    expect(await registry.repository(SUPPORT).referrers(digest)).toHaveLength(2);
  });

  test("writers that attach at the same time through one registry lose nothing", async () => {
    const registry = emptyRegistry();
    const { digest } = await storeRelease(registry, aBuiltRelease());
    const keys = Array.from({ length: 4 }, () => parseSigningKey(generateKeyPair().privatePem, "it"));
    const reference = parseReleaseReference("support@1.0.0");
    await Promise.all(keys.map((key) => signRelease(registry, reference, { key, now: new Date(0) })));
    expect(await registry.repository(SUPPORT).referrers(digest)).toHaveLength(4);
  });

  test("an entry of the fallback tag that another writer took away is written again", async () => {
    const prefix = freshPrefix();
    const registry = emptyRegistry({ prefix });
    const { digest } = await storeRelease(registry, aBuiltRelease());
    const reference = parseReleaseReference("support@1.0.0");
    const sign = (registry: ReleaseRegistry) =>
      signRelease(registry, reference, { key: parseSigningKey(generateKeyPair().privatePem, "it"), now: new Date(0) });
    await sign(registry);
    const tag = `http://${server.host}/v2/${prefix}/support/manifests/${digest.replace(":", "-")}`;
    const headers = {
      accept: "application/vnd.oci.image.index.v1+json",
      "content-type": "application/vnd.oci.image.index.v1+json",
    };
    const stale = await (await fetch(tag, { headers })).text();
    let isOverwritten = false;
    const sleep = async () => {
      if (isOverwritten) return;
      isOverwritten = true;
      await fetch(tag, { method: "PUT", headers, body: stale });
    };
    await sign(emptyRegistry({ prefix, sleep }));
    expect(isOverwritten).toBe(true);
    expect(await registry.repository(SUPPORT).referrers(digest)).toHaveLength(2);
  });

  test("a blob of another repository of the same registry is taken over: its bytes do not travel", async () => {
    const release = aBuiltRelease();
    const [first, second] = [emptyRegistry(), freshPrefix()];
    await storeRelease(first, release);
    const { fetch, uploads } = recorded();
    const to = emptyRegistry({ prefix: second, fetch });
    expect(await copyRelease(first, to, parseReleaseReference("support@1.0.0"))).toMatchObject({
      blobsCopied: 0,
      blobsTaken: 7,
    });
    expect(uploads()).toEqual([]);
    for (const [digest, bytes] of release.blobs) {
      expect(await to.repository(SUPPORT).readBlob({ digest, size: bytes.length })).not.toBeNull();
    }
  });

  test("a blob that the other repository does not have is not taken over, nor one of another registry", async () => {
    const [from, to] = [emptyRegistry().repository(SUPPORT), emptyRegistry().repository(SUPPORT)];
    const expected = { digest: digestOf("nobody has this"), size: 15 };
    expect(await to.takeBlob(expected, from)).toBe(false);
    expect(await to.hasBlob(expected.digest)).toBe(false);
    const elsewhere = createDirectoryRegistry(join(scratch, "elsewhere")).repository(SUPPORT);
    expect(await to.takeBlob(expected, elsewhere)).toBe(false);
  });

  test("a blob above the chunk size is sent in chunks, each with its range", async () => {
    const { fetch, sent } = recorded();
    const repository = emptyRegistry({ chunkBytes: 100_000, fetch }).repository(SUPPORT);
    const bytes = new Uint8Array(250_001).map((_, index) => index % 251);
    const digest = await repository.writeBlob(bytes);
    expect(sent.filter(({ method }) => method === "PATCH").map(({ bytes }) => bytes)).toEqual([
      100_000, 100_000, 50_001,
    ]);
    expect(digestOf((await repository.readBlob({ digest, size: bytes.length })) ?? "")).toBe(digest);
  });

  test("a chunk that fails is sent again from where the registry says it is, not from the beginning", async () => {
    let failures = 0;
    const { fetch, sent } = recorded(({ method }, earlier) => {
      const chunks = earlier.filter((request) => request.method === "PATCH").length;
      const isFailing = method === "PATCH" && chunks === 1 && failures < 2;
      failures += isFailing ? 1 : 0;
      return isFailing;
    });
    const repository = emptyRegistry({ chunkBytes: 100_000, fetch }).repository(SUPPORT);
    const bytes = new Uint8Array(250_001).map((_, index) => index % 249);
    const digest = await repository.writeBlob(bytes);
    expect(failures).toBe(2);
    expect(sent.filter(({ method }) => method === "PATCH").map(({ bytes }) => bytes)).toEqual([
      100_000, 100_000, 50_001,
    ]);
    expect(await repository.hasBlob(digest)).toBe(true);
  });

  test("a push that is cut off and run again sends only what is missing", async () => {
    const from = createDirectoryRegistry(join(scratch, "cut-off"));
    await storeRelease(from, aBuiltRelease());
    const reference = parseReleaseReference("support@1.0.0");
    const isUpload = ({ method, url }: Sent): boolean => method === "PUT" && url.includes("/blobs/");
    const cut = recorded((request, earlier) => earlier.filter(isUpload).length === 3 && isUpload(request));
    const prefix = freshPrefix();
    await expect(copyRelease(from, emptyRegistry({ prefix, fetch: cut.fetch }), reference)).rejects.toMatchObject({
      code: "registry_unreachable",
      message: expect.stringContaining("the line is dead"),
    });
    expect(cut.uploads()).toHaveLength(3);
    expect(await emptyRegistry({ prefix }).repository(SUPPORT).releases()).toEqual([]);

    const again = recorded();
    const finished = await copyRelease(from, emptyRegistry({ prefix, fetch: again.fetch }), reference);
    expect(finished).toMatchObject({ blobsPresent: 3, blobsCopied: 4 });
    expect(again.uploads()).toHaveLength(4);
  });

  test("a release goes from a directory through a registry to another directory, and its signature still counts", async () => {
    const pair = generateKeyPair();
    const [from, to] = [join(scratch, "from"), join(scratch, "to")].map(createDirectoryRegistry);
    if (from === undefined || to === undefined) throw new Error("found no directories");
    const release = aBuiltRelease({ version: "2.0.0-rc.1+build.7" });
    await storeRelease(from, release);
    const reference = parseReleaseReference("support@2.0.0-rc.1+build.7");
    await signRelease(from, reference, { key: parseSigningKey(pair.privatePem, "it"), now: new Date(0) });
    const registry = emptyRegistry();
    expect(await copyRelease(from, registry, reference)).toMatchObject({ referrers: 1 });
    const by = { trust: trustKeys([parseTrustedKey(pair.publicPem, "it")], "the test"), now: new Date() };
    expect((await verifyRelease(registry, reference, by)).digest).toBe(release.digest);
    await copyRelease(registry, to, reference);
    expect(await verifyRelease(to, reference, by)).toMatchObject({
      digest: release.digest,
      signedBy: [pair.fingerprint],
    });
    expect(await copyRelease(from, registry, reference)).toMatchObject({ blobsCopied: 0, referrers: 1 });
  });

  test("a registry that keeps other things beside releases shows the releases alone", async () => {
    const prefix = freshPrefix();
    const registry = emptyRegistry({ prefix });
    await storeRelease(registry, aBuiltRelease());
    const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
    const config = { mediaType: "application/vnd.docker.container.image.v1+json", digest: digestOf("{}"), size: 2 };
    const image = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
    const places = [
      [prefix, "support", "3.0.0"],
      [prefix, "website", "1.0.0"],
      [`${prefix}/support`, "inner", "1.0.0"],
    ] as const;
    for (const [prefix, agent, tag] of places) {
      await emptyRegistry({ prefix }).repository(parseAgentName(agent)).writeBlob(Buffer.from("{}"));
      const url = `http://${server.host}/v2/${prefix}/${agent}/manifests/${tag}`;
      const answer = await fetch(url, { method: "PUT", headers: { "content-type": mediaType }, body: image });
      expect(answer.status).toBe(201);
    }
    const repository = registry.repository(SUPPORT);
    expect((await repository.releases()).map(({ version }) => version)).toEqual(["1.0.0"]);
    expect(await repository.find({ kind: "version", version: "3.0.0" })).toBeNull();
    expect(await registry.agents()).toEqual(["support"]);
    await expect(storeRelease(registry, aBuiltRelease({ version: "3.0.0" }))).rejects.toMatchObject({
      code: "version_taken",
    });
  });
});
