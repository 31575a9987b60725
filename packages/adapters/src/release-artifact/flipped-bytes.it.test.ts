import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  canonicalJsonBytes,
  componentLabel,
  digestOf,
  parseAgentName,
  parseReleaseReference,
  ReleaseError,
  type JsonValue,
} from "@perch/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import {
  generateKeyPair,
  parseSigningKey,
  parseTrustedKey,
  signRelease,
  trustKeys,
  verifyRelease,
} from "../sigstore/index.ts";
import { openRelease } from "./open-release.ts";

const SUPPORT = parseReleaseReference("support@2.3.1");
const NOW = new Date("2026-01-02T03:04:05Z");
const SMALL = 256;
const SAMPLES = 64;

const keys = [generateKeyPair(), generateKeyPair()];
const trust = trustKeys(
  keys.map(({ publicPem }, index) => parseTrustedKey(publicPem, `${index}.pub`)),
  "the test",
);

type Json = { [name: string]: JsonValue };
type Golden = { readonly digest: string; readonly ociManifest: string; readonly blobs: Record<string, string> };

let scratch = "";
let golden: Golden = { digest: "", ociManifest: "", blobs: {} };
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-flip-"));
  const fixture = new URL("../../../domain/src/release/__fixtures__/golden-bundle.json", import.meta.url);
  const { bundles } = JSON.parse(await readFile(fixture, "utf8")) as { bundles: readonly { expected: Golden }[] };
  golden = bundles[0]?.expected ?? golden;
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

/** The golden release, which has every kind of component, as a layout directory stores it; signed by two keys. */
async function aSignedLayout(): Promise<string> {
  const directory = await mkdtemp(join(scratch, "layout-"));
  const registry = createDirectoryRegistry(directory);
  const repository = registry.repository(SUPPORT.agent);
  for (const base64 of Object.values(golden.blobs)) await repository.writeBlob(Buffer.from(base64, "base64"));
  await repository.addRelease("2.3.1", Buffer.from(golden.ociManifest, "base64"));
  for (const [index, { privatePem }] of keys.entries()) {
    const key = parseSigningKey(privatePem, `${index}.key`);
    await signRelease(registry, SUPPORT, { key, now: new Date(NOW.getTime() + index) });
  }
  return directory;
}

function verify(directory: string): Promise<unknown> {
  return verifyRelease(createDirectoryRegistry(directory), SUPPORT, { trust, now: NOW });
}

async function failureOf(directory: string): Promise<ReleaseError | null> {
  const failure: unknown = await verify(directory).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (failure === null || failure instanceof ReleaseError) return failure;
  throw failure;
}

/** What a message has to call each file of `blobs/`, by its digest in hexadecimal digits. */
async function partsOf(directory: string): Promise<ReadonlyMap<string, string>> {
  const release = await openRelease(createDirectoryRegistry(directory), SUPPORT);
  const parts = new Map<string, string>([
    [release.digest, "the OCI manifest"],
    [release.ociManifest.config.digest, "the release manifest"],
    ...release.components.map(({ component }) => [component.digest, `component ${componentLabel(component)}`] as const),
  ]);
  const named = [...parts].map(([digest, part]) => [digest.slice("sha256:".length), part] as const);
  const names = await readdir(join(directory, "blobs", "sha256"));
  // Whatever else is stored belongs to the signatures.
  return new Map([...names.map((name) => [name, "signature"] as const), ...named]);
}

// Numerical Recipes' generator: enough to choose places, and the same ones every time.
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function positionsIn(length: number, random: (below: number) => number): readonly number[] {
  if (length <= SMALL) return Array.from({ length }, (_, index) => index);
  return [0, length - 1, ...Array.from({ length: SAMPLES }, () => random(length))];
}

test("one byte altered anywhere in any blob or manifest makes verification fail, and the message names the part", async () => {
  const directory = await aSignedLayout();
  await verify(directory);
  const random = createRandom(20_260_102);
  const missed: string[] = [];
  for (const [name, part] of await partsOf(directory)) {
    const path = join(directory, "blobs", "sha256", name);
    const original = await readFile(path);
    for (const position of positionsIn(original.length, random)) {
      const altered = Buffer.from(original);
      altered[position] = (altered[position] ?? 0) ^ (1 + random(255));
      await writeFile(path, altered);
      const failure = await failureOf(directory);
      const isNamed = failure?.code === "digest_mismatch" && failure.message.includes(part);
      if (!isNamed) missed.push(`${part} at ${position}: ${failure?.message ?? "verified"}`);
    }
    await writeFile(path, original);
  }
  expect(missed).toEqual([]);
  await verify(directory);
});

test("there is a part of every kind, and two signatures", async () => {
  const parts = [...(await partsOf(await aSignedLayout())).values()];
  expect(new Set(parts)).toEqual(
    new Set([
      "the OCI manifest",
      "the release manifest",
      "component model",
      'component prompt "system"',
      'component prompt "refund"',
      'component prompt "examples"',
      'component tool "refund"',
      'component tool "lookup_order"',
      'component tool "escalate_to_human"',
      "component memory",
      "component orchestration",
      "component policy",
      "signature",
    ]),
  );
  // Two manifests, two bundles, and the empty config that both share.
  expect(parts.filter((part) => part === "signature")).toHaveLength(5);
});

test("a byte altered in the index never lets another release pass", async () => {
  const directory = await aSignedLayout();
  const path = join(directory, "index.json");
  const original = await readFile(path);
  const random = createRandom(7);
  for (const position of positionsIn(original.length, random)) {
    const altered = Buffer.from(original);
    altered[position] = (altered[position] ?? 0) ^ (1 + random(255));
    await writeFile(path, altered);
    const outcome: unknown = await verify(directory).catch((reason: unknown) => reason);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ReleaseError);
    else expect(outcome).toMatchObject({ digest: golden.digest });
  }
});

describe("stored files that were exchanged or cut:", () => {
  test.each([0, 1, 0.5, -1])("a blob cut at %d is named", async (where) => {
    const directory = await aSignedLayout();
    for (const [name, part] of await partsOf(directory)) {
      const path = join(directory, "blobs", "sha256", name);
      const original = await readFile(path);
      const end = where === 0.5 ? Math.floor(original.length / 2) : where;
      await writeFile(path, original.subarray(0, end));
      expect(await failureOf(directory)).toMatchObject({ code: "digest_mismatch" });
      expect((await failureOf(directory))?.message).toContain(part);
      await writeFile(path, original);
    }
  });

  test("bytes added to a blob are named", async () => {
    const directory = await aSignedLayout();
    for (const [name, part] of await partsOf(directory)) {
      const path = join(directory, "blobs", "sha256", name);
      const original = await readFile(path);
      await writeFile(path, Buffer.concat([original, Buffer.from("\n")]));
      expect((await failureOf(directory))?.message).toContain(part);
      await writeFile(path, original);
    }
  });

  test("two blobs in each other's place are refused, and the first of them is named", async () => {
    const directory = await aSignedLayout();
    const [one, other] = golden.ociManifest === "" ? [] : componentDigests().slice(1, 3);
    const [first, second] = [one, other].map((digest) => join(directory, "blobs", "sha256", digest ?? ""));
    const [a, b] = [await readFile(first ?? ""), await readFile(second ?? "")];
    await writeFile(first ?? "", b);
    await writeFile(second ?? "", a);
    expect(await failureOf(directory)).toMatchObject({
      code: "digest_mismatch",
      message: expect.stringMatching(/component prompt "(?:system|refund)"/),
    });
  });

  test.each([
    ["a size that is too large by one", (size: number) => size + 1, "digest_mismatch", "the OCI manifest"],
    ["a size of nothing", () => 0, "digest_mismatch", "the OCI manifest"],
    [
      "a size that nobody has memory for",
      () => 2 ** 50,
      "layout_invalid",
      "the OCI manifest of 1125899906842624 bytes",
    ],
    ["a negative size", () => -1, "layout_invalid", "index.json"],
    ["a broken size", () => 1.5, "layout_invalid", "index.json"],
  ])("%s in the index", async (...[, lie, code, part]) => {
    const directory = await aSignedLayout();
    const path = join(directory, "index.json");
    const index = JSON.parse(await readFile(path, "utf8")) as { manifests: { digest: string; size: number }[] };
    for (const entry of index.manifests) if (entry.digest === golden.digest) entry.size = lie(entry.size);
    await writeFile(path, JSON.stringify(index));
    expect(await failureOf(directory)).toMatchObject({ code, message: expect.stringContaining(part) });
  });

  test("a size of 2^60 in the index", async () => {
    const directory = await aSignedLayout();
    const path = join(directory, "index.json");
    await writeFile(path, (await readFile(path, "utf8")).replace(/"size": \d+/, '"size": 1152921504606846976'));
    expect(await failureOf(directory)).toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("index.json"),
    });
  });
});

describe("a release that was put together by hand is refused:", () => {
  const HUGE = { mediaType: "application/vnd.perch.prompt.v1", digest: `sha256:${"0".repeat(64)}`, size: 2 ** 40 };

  test.each<[string, (oci: Json, manifest: Json) => void, string]>([
    ["layers in another order", ({ layers }) => void list(layers).reverse(), "OCI layer 1 with mediaType"],
    ["a layer too many", ({ layers }) => void list(layers).push(list(layers)[0] ?? null), "11 OCI layers, expected 10"],
    [
      "a layer of another media type",
      ({ layers }) => Object.assign(object(list(layers)[1]), { mediaType: "text/plain" }),
      'OCI layer 2 with mediaType text/plain, expected application/vnd.perch.prompt.v1, as the release manifest says of its component prompt "system"',
    ],
    [
      "a layer that is another blob",
      ({ layers, config }) => Object.assign(object(list(layers)[1]), { digest: object(config)["digest"] ?? "" }),
      "OCI layer 2 with digest",
    ],
    [
      "a config of another type",
      ({ config }) => Object.assign(object(config), { mediaType: "text/plain" }),
      "a manifest of type",
    ],
    ["another artifact type", (oci) => Object.assign(oci, { artifactType: "application/x" }), "type application/x"],
    ["an annotation more", ({ annotations }) => Object.assign(object(annotations), { a: "b" }), "says more"],
    ["a field more in the OCI manifest", (oci) => Object.assign(oci, { subject: HUGE }), "says more"],
    [
      "a field more in the release manifest",
      (_, manifest) => Object.assign(manifest, { extra: 1 }),
      "Unrecognized key",
    ],
    [
      "a field more in a component",
      (_, { components }) => Object.assign(object(list(components)[1]), { extra: 1 }),
      "Unrecognized key",
    ],
    [
      "a component twice",
      (_, { components }) => Object.assign(object(list(components)[2]), { name: "System" }),
      'found the prompt "System" twice',
    ],
    ["no policy", (_, { components }) => void list(components).pop(), "found no policy, expected one"],
    [
      "a component of another media type",
      (_, { components }) => Object.assign(object(list(components)[0]), { mediaType: "text/plain" }),
      "components.0.mediaType",
    ],
    [
      "a component of a size that nobody has memory for",
      (_, { components }) => Object.assign(object(list(components)[0]), { size: 2 ** 50 }),
      "components.0.size",
    ],
    [
      "an entrypoint outside",
      (_, { components }) => Object.assign(object(list(components)[8]), { entrypoint: "../x" }),
      "components.8.entrypoint",
    ],
  ])("%s", async (_, edit, found) => {
    const error: unknown = await openEdited(edit).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "layout_invalid", message: expect.stringContaining(found) });
  });

  test("a release manifest that says the same in another way", async () => {
    const error: unknown = await openEdited(
      () => null,
      (text) => ` ${text}`,
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("expected canonical JSON"),
    });
  });

  test("a release manifest with a key twice", async () => {
    const edited = openEdited(
      () => null,
      (text) => text.replace('"agent":', '"agent":"other","agent":'),
    );
    expect(await edited.catch((reason: unknown) => reason)).toMatchObject({
      code: "layout_invalid",
      message: expect.stringMatching(/1:\d+ found the key "agent" twice/),
    });
  });

  test("an OCI manifest that says the same in another way", async () => {
    const error: unknown = await openEdited(() => null, undefined, true).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "layout_invalid", message: expect.stringContaining("in another way") });
  });
});

/** Opens the golden release with its manifests edited, and every digest put right again. */
async function openEdited(
  edit: (oci: Json, manifest: Json) => unknown,
  respell: (text: string) => string = (text) => text,
  isIndented = false,
): Promise<unknown> {
  const registry = createDirectoryRegistry(await mkdtemp(join(scratch, "edited-")));
  const repository = registry.repository(parseAgentName("support"));
  for (const base64 of Object.values(golden.blobs)) await repository.writeBlob(Buffer.from(base64, "base64"));
  const oci = json(golden.ociManifest);
  const manifest = json(golden.blobs[digestIn(oci["config"])] ?? "");
  edit(oci, manifest);
  const config = Buffer.from(respell(Buffer.from(canonicalJsonBytes(manifest)).toString()));
  Object.assign(object(oci["config"]), { digest: digestOf(config), size: config.length });
  await repository.writeBlob(config);
  const bytes = isIndented ? Buffer.from(JSON.stringify(oci, null, 2)) : canonicalJsonBytes(oci);
  await repository.addRelease("2.3.1", bytes);
  return openRelease(registry, { kind: "digest", agent: SUPPORT.agent, digest: digestOf(bytes) });
}

function componentDigests(): readonly string[] {
  return list(json(golden.ociManifest)["layers"]).map((layer) => digestIn(layer).slice("sha256:".length));
}

function digestIn(descriptor: JsonValue | undefined): string {
  const { digest } = object(descriptor);
  return typeof digest === "string" ? digest : "";
}

function json(base64: string): Json {
  return JSON.parse(Buffer.from(base64, "base64").toString()) as Json;
}

function object(value: JsonValue | undefined): Json {
  return value as Json;
}

function list(value: JsonValue | undefined): JsonValue[] {
  return value as JsonValue[];
}
