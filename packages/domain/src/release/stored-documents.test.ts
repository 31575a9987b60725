import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canonicalJsonBytes, type JsonValue } from "./canonical-json.ts";
import { parseOciIndex, parseOciManifest } from "./oci-manifest.ts";
import { parseReleaseManifest, parseReleasePolicy } from "./release-manifest.ts";

const DIGEST = `sha256:${"0f".repeat(32)}`;
const DESCRIPTOR = { mediaType: "application/x", digest: DIGEST, size: 7 };
const OCI = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: DESCRIPTOR,
  layers: [DESCRIPTOR],
};
const { manifest: RELEASE } = JSON.parse(
  readFileSync(new URL("__fixtures__/golden-release.json", import.meta.url), "utf8"),
) as { manifest: { [name: string]: JsonValue; components: { [name: string]: JsonValue }[] } };

const oci = (text: string) => parseOciManifest(Buffer.from(text), "the manifest");
const index = (value: unknown) => parseOciIndex(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: value })));
const refused = (found: string) =>
  expect.objectContaining({ code: "layout_invalid", message: expect.stringContaining(found) });

test("an OCI manifest of another tool is read, with fields that Perch does not know and in any spelling", () => {
  const text = JSON.stringify(
    { ...OCI, layers: [{ ...DESCRIPTOR, urls: ["https://example.com"], platform: {} }] },
    null,
    2,
  );
  expect(oci(text).layers).toEqual([DESCRIPTOR]);
});

describe("sizes that nobody can mean are refused, before anything is read by them:", () => {
  test.each(["-1", "1.5", "1e400", "1152921504606846976", "1e19", '"7"', "null"])("%s", (size) => {
    const text = JSON.stringify(OCI).replaceAll('"size":7', `"size":${size}`);
    expect(() => oci(text)).toThrow(refused("the manifest that cannot be read"));
    expect(() => parseOciIndex(Buffer.from(`{"schemaVersion":2,"manifests":[{"size":${size}}]}`))).toThrow(
      refused("index.json that cannot be read"),
    );
  });
});

describe("documents of hostile form are refused with the place:", () => {
  test.each([
    ["a key twice", JSON.stringify(OCI).replace('"config":', '"layers":[],"config":'), 'found the key "layers" twice'],
    ["too many levels", `{"a":${"[".repeat(200)}`, "1:105 found more than 100 lists and objects"],
    ["half a document", JSON.stringify(OCI).slice(0, 40), "found a string with a line break"],
    ["a byte order mark", `\uFEFF${JSON.stringify(OCI)}`, "1:1 found a byte order mark"],
    ["an image index", JSON.stringify({ schemaVersion: 2, manifests: [] }), "mediaType"],
    ["a digest that is none", JSON.stringify(OCI).replaceAll(DIGEST, "sha512:00"), "config.digest"],
  ])("%s", (_, text, found) => {
    expect(() => oci(text)).toThrow(refused(found));
  });

  test("bytes that are no text", () => {
    expect(() => parseOciManifest(Buffer.from([0xff, 0xfe]), "it")).toThrow(refused("not UTF-8"));
  });

  test("a manifest of more than four megabytes, which is not even parsed", () => {
    expect(() => parseOciManifest(Buffer.alloc(4 * 1024 * 1024 + 1, "["), "it")).toThrow(
      refused("found 4194305 bytes, expected at most 4194304"),
    );
  });

  test("more layers, annotations and components than a release may have", () => {
    const layers = Array.from({ length: 10_001 }, () => DESCRIPTOR);
    expect(() => oci(JSON.stringify({ ...OCI, layers }))).toThrow(refused("layers"));
    const annotations = Object.fromEntries(Array.from({ length: 1001 }, (_, name) => [`a${name}`, ""]));
    expect(() => oci(JSON.stringify({ ...OCI, annotations }))).toThrow(refused("too many annotations"));
    expect(() => index([{ ...DESCRIPTOR, annotations }])).toThrow(refused("too many annotations"));
    const components = Array.from({ length: 10_001 }, (_, name) => ({ ...RELEASE.components[3], name: `t${name}` }));
    expect(() => parseReleaseManifest(canonicalJsonBytes({ ...RELEASE, components }))).toThrow(refused("components"));
  });
});

describe("a release manifest", () => {
  const parse = (change: { [name: string]: JsonValue }) =>
    parseReleaseManifest(canonicalJsonBytes({ ...RELEASE, ...change }));

  test("is read when it is canonical, and refused in any other spelling", () => {
    expect(parse({})).toEqual(RELEASE);
    const text = Buffer.from(canonicalJsonBytes(RELEASE)).toString();
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace("/v1", "\\/v1"),
      text.replace(/"size":99/, '"size":9.9e1'),
    ]) {
      expect(other).not.toBe(text);
      expect(() => parseReleaseManifest(Buffer.from(other))).toThrow(refused("expected canonical JSON"));
    }
  });

  test.each<[string, { [name: string]: JsonValue }, string]>([
    ["an unknown field", { extra: 1 }, 'Unrecognized key: "extra"'],
    ["another version of the format", { apiVersion: "perch.dev/v2" }, "apiVersion"],
    ["an agent's name that is none", { agent: "Support!" }, "agent: an agent name"],
    ["a version that is none", { version: "2.3" }, "version: a semantic version"],
    ["no components", { components: [] }, "found no model, expected one"],
    ["a kind that is unknown", { components: [{ kind: "virus" }] }, "components.0.kind"],
  ])("with %s is refused", (_, change, found) => {
    expect(() => parse(change)).toThrow(refused(found));
  });
});

test.each(["", "{}", "[]", '{"escalationTools":[1],"successTools":[]}'])("the policy %j is refused", (text) => {
  expect(() => parseReleasePolicy(Buffer.from(text))).toThrow(refused("policy component"));
});
