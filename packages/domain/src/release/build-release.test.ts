import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkAgentSpec, type AgentSpec } from "./agent-spec.ts";
import { buildRelease, type BuiltRelease, type ReleaseInput } from "./build-release.ts";
import { digestOf } from "./digest.ts";
import { parseOciManifest } from "./oci-manifest.ts";
import { componentPath, parseReleaseManifest } from "./release-manifest.ts";

const golden = JSON.parse(readFileSync(new URL("__fixtures__/golden-release.json", import.meta.url), "utf8")) as {
  agent: unknown;
  files: Record<string, string>;
  orchestration: string;
  digest: string;
  manifest: unknown;
};

// Made by packages/adapters/scripts/make-golden-bundle.ts.
const { bundles: goldenBundles } = JSON.parse(
  readFileSync(new URL("__fixtures__/golden-bundle.json", import.meta.url), "utf8"),
) as {
  bundles: {
    name: string;
    agent: unknown;
    files: Record<string, string>;
    directory: { files: Record<string, string> } | null;
    expected: { digest: string; ociManifest: string; blobs: Record<string, string> };
  }[];
};

function goldenInput(agent: unknown = golden.agent): ReleaseInput {
  const checked = checkAgentSpec(agent);
  if (checked.kind === "invalid") throw new Error(checked.problems[0]?.message);
  return {
    spec: checked.spec,
    files: new Map(Object.entries(golden.files).map(([path, text]) => [path, Buffer.from(text)])),
    orchestration: Buffer.from(golden.orchestration),
  };
}

function built(input: ReleaseInput): BuiltRelease {
  const outcome = buildRelease(input);
  if (outcome.kind === "invalid") throw new Error(outcome.problems.map((problem) => problem.message).join("; "));
  return outcome.release;
}

function problemsOf(change: Partial<ReleaseInput>): readonly string[] {
  const outcome = buildRelease({ ...goldenInput(), ...change });
  if (outcome.kind === "built") return [];
  return outcome.problems.map(({ path, message, at }) =>
    at === undefined ? `${path.join(".")}: ${message}` : `${at.file}:${at.line}:${at.column} ${message}`,
  );
}

test("the digest of a known release has not changed: it must never, or published releases lose their identity", () => {
  const release = built(goldenInput());
  expect(release.manifest).toEqual(golden.manifest);
  expect(release.digest).toBe(golden.digest);
});

test.each(goldenBundles)("byte for byte, as it always was: $name", ({ agent, files, directory, expected }) => {
  const checked = checkAgentSpec(agent);
  if (checked.kind === "invalid") throw new Error(checked.problems[0]?.message);
  const archive = Object.entries(expected.blobs).find(([, base64]) => base64.includes("dXN0YXI"));
  const inside = Object.entries(directory?.files ?? {}).map(([path, text]) => [`app/${path}`, text] as const);
  const release = built({
    spec: checked.spec,
    files: new Map([...Object.entries(files), ...inside].map(([path, text]) => [path, Buffer.from(text)])),
    orchestration: archive === undefined ? null : Buffer.from(archive[1], "base64"),
  });
  expect(Buffer.from(release.ociManifest).toString("base64")).toBe(expected.ociManifest);
  expect(base64Of(release.blobs)).toEqual(expected.blobs);
  expect(release.digest).toBe(expected.digest);
  expect(
    parseReleaseManifest(
      release.blobs.get(parseOciManifest(release.ociManifest, "it").config.digest) ?? new Uint8Array(),
    ),
  ).toEqual(release.manifest);
});

test("the golden bundles have every kind of component, translators and a tool of each form", () => {
  const texts = goldenBundles
    .flatMap(({ expected }) => Object.values(expected.blobs))
    .map((base64) => Buffer.from(base64, "base64").toString());
  const kinds = ["model", "prompt", "tool", "memory", "orchestration", "policy"];
  for (const kind of kinds) expect(texts.join()).toContain(`"kind":"${kind}"`);
  for (const part of [
    '"form":"image"',
    '"form":"directory"',
    '"translators":[{',
    '"openapi":{',
    '"vectorStore":{',
    '"format":"protobuf"',
  ]) {
    expect(texts.join()).toContain(part);
  }
});

function base64Of(blobs: BuiltRelease["blobs"]): Record<string, string> {
  return Object.fromEntries([...blobs].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString("base64")]));
}

test("every blob is stored by its digest, and the OCI manifest and the release manifest name the same ones", () => {
  const release = built(goldenInput());
  for (const [digest, bytes] of release.blobs) expect(digestOf(bytes)).toBe(digest);
  const oci = parseOciManifest(release.ociManifest, "it");
  expect(oci.artifactType).toBe("application/vnd.perch.release.v1");
  const config = release.blobs.get(oci.config.digest);
  expect(parseReleaseManifest(config ?? new Uint8Array())).toEqual(release.manifest);
  expect(oci.layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType }))).toEqual(
    release.manifest.components.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
  );
  expect(oci.layers.map((layer) => layer.annotations?.["org.opencontainers.image.title"])).toEqual(
    release.manifest.components.map(componentPath),
  );
});

test("the order in which files were found and names were written never changes the digest", () => {
  const expected = built(goldenInput()).digest;
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (randomness) => {
      const shuffle = <T>(items: readonly T[]): T[] =>
        items
          .map((item) => ({ item, at: Number(randomness.next().value) }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const input = goldenInput(shuffled(golden.agent, shuffle));
      expect(built({ ...input, files: new Map(shuffle([...input.files])) }).digest).toBe(expected);
    }),
    { numRuns: 50 },
  );
});

test("a change of one byte in any file, or of the order of tools, gives another release", () => {
  const input = goldenInput();
  const digests = [
    built(input).digest,
    built({
      ...input,
      spec: { ...input.spec, spec: { ...input.spec.spec, tools: input.spec.spec.tools.toReversed() } },
    }).digest,
    built({ ...input, orchestration: Buffer.from("other") }).digest,
    ...[...input.files].map(([path, bytes]) => {
      const text = Buffer.from(bytes).toString();
      // A blank more is another prompt, but still the same JSON value: schemas are pinned in canonical form.
      const changed = Buffer.from(path.endsWith(".json") ? text.replace("{", '{"title":"x",') : `${text} `);
      return built({ ...input, files: new Map([...input.files, [path, changed]]) }).digest;
    }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test("two releases that differ in the prompt share every other component", () => {
  const input = goldenInput();
  const one = built(input);
  const other = built({ ...input, files: new Map([...input.files, ["prompts/system.md", Buffer.from("Be kind.")]]) });
  const shared = one.manifest.components.filter((component) => other.blobs.has(component.digest));
  expect(one.manifest.components.length - shared.length).toBe(1);
});

test.each([
  ["missing files", "prompts/system.md", null, 'spec.prompts.0.file: found no file "prompts/system.md"'],
  ["a prompt that is no text", "prompts/system.md", Buffer.from([0xff, 0xfe]), "spec.prompts.0.file: found bytes in"],
  ["a secret in a prompt", "prompts/system.md", "Hi,\nuse sk-abc123def456", "prompts/system.md:2:5 found the shape"],
  ["a schema that is no JSON", "tools/refund.json", "{", "tools/refund.json:1:2 found the end, expected a key"],
  ["a schema that is a list", "tools/refund.json", "\n[]", "tools/refund.json:2:1 found no JSON object"],
  [
    "a key given twice in a schema",
    "tools/refund.json",
    '{\n"a":1,\n  "a":1}',
    'tools/refund.json:3:3 found the key "a"',
  ],
  ["a number JSON cannot hold", "tools/refund.json", '{"a":1e999}', "tools/refund.json:1:6 found the number 1e999"],
  ["what is no JSON Schema", "tools/refund.json", '{"type":"text"}', 'tools/refund.json:1:2 found "text" as "type"'],
  ["parameters without names", "tools/refund.json", '{"type":"array"}', "tools/refund.json:1:2 found parameters"],
  ["a secret in a schema", "tools/refund.json", '{"apiKey":"x"}', "tools/refund.json:1:2 found a value for"],
  ["a memory schema that is none", "memory.json", '{"required":"a"}', 'memory.json:1:2 found "a" as "required"'],
])("refused: %s", (...[, path, content, message]) => {
  const files = new Map(goldenInput().files);
  if (content === null) files.delete(path);
  else files.set(path, Buffer.from(content));
  expect(problemsOf({ files })).toEqual([expect.stringContaining(message)]);
});

test("problems of several files and of schemas inside agent.yaml are all told at once", () => {
  const { spec, files } = goldenInput();
  const tools = spec.spec.tools.map((tool) =>
    tool.name === "refund" ? tool : { ...tool, parameters: { type: "object", required: [1] } },
  );
  expect(
    problemsOf({
      spec: { ...spec, spec: { ...spec.spec, tools } },
      files: new Map([...files, ["tools/refund.json", Buffer.from("[")], ["memory.json", Buffer.from("{}\n}")]]),
    }),
  ).toEqual([
    'spec.tools.1.parameters.required.0: found 1 as "0", expected a name',
    "tools/refund.json:1:2 found the end, expected a value",
    'memory.json:2:1 found "}" behind the value, expected the end',
  ]);
});

test("a secret is allowed in the file, or the line of it, that secretScan names", () => {
  const { spec, files } = goldenInput();
  const withSecret = new Map([...files, ["prompts/system.md", Buffer.from("Hi,\nuse sk-abc123def456")]]);
  const allowing = (allow: unknown): readonly string[] =>
    problemsOf({ files: withSecret, spec: { ...spec, spec: { ...spec.spec, secretScan: { allow } } } as AgentSpec });
  expect(allowing([{ path: "prompts/system.md", reason: "made up" }])).toEqual([]);
  expect(allowing([{ path: "./prompts/", reason: "made up" }])).toEqual([]);
  expect(allowing([{ path: "prompts/system.md", line: 2, reason: "made up" }])).toEqual([]);
  expect(allowing([{ path: "prompts/system.md", line: 1, reason: "made up" }])).toHaveLength(1);
  expect(allowing([{ path: "prompts/system", reason: "made up" }])).toHaveLength(1);
});

test("what secretScan allows is no part of the release", () => {
  const { spec, ...input } = goldenInput();
  const secretScan = { allow: [{ path: "app", reason: "made up" }] };
  expect(built({ ...input, spec: { ...spec, spec: { ...spec.spec, secretScan } } }).digest).toBe(golden.digest);
});

test("a release without the orchestration directory that it names is refused; one with an image needs none", () => {
  expect(problemsOf({ orchestration: null })).toEqual([expect.stringContaining("spec.orchestration.directory")]);
  const { spec } = goldenInput();
  const image: AgentSpec = {
    ...spec,
    spec: { ...spec.spec, orchestration: { image: `acme/support@sha256:${"0".repeat(64)}` } },
  };
  expect(problemsOf({ spec: image, orchestration: null })).toEqual([]);
});

function shuffled(value: unknown, shuffle: <T>(items: readonly T[]) => T[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => shuffled(item, shuffle));
  return Object.fromEntries(shuffle(Object.entries(value)).map(([name, item]) => [name, shuffled(item, shuffle)]));
}
