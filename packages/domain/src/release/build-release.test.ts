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
  return outcome.kind === "built" ? [] : outcome.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("the digest of a known release has not changed: it must never, or published releases lose their identity", () => {
  const release = built(goldenInput());
  expect(release.manifest).toEqual(golden.manifest);
  expect(release.digest).toBe(golden.digest);
});

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
  [
    "a secret in a prompt",
    "prompts/system.md",
    Buffer.from("use sk-abc123def456"),
    "spec.prompts.0.file: found the shape",
  ],
  [
    "a schema that is no JSON",
    "tools/refund.json",
    Buffer.from("{"),
    "spec.tools.0.parameters.file: found no JSON object",
  ],
  [
    "a schema that is a list",
    "tools/refund.json",
    Buffer.from("[]"),
    "spec.tools.0.parameters.file: found no JSON object",
  ],
  [
    "a number JSON cannot hold",
    "tools/refund.json",
    Buffer.from('{"a":1e999}'),
    "spec.tools.0.parameters.file: found no",
  ],
  [
    "a secret in a schema",
    "tools/refund.json",
    Buffer.from('{"apiKey":"x"}'),
    "spec.tools.0.parameters.file: found a value",
  ],
])("refused: %s", (...[, path, bytes, message]) => {
  const files = new Map(goldenInput().files);
  if (bytes === null) files.delete(path);
  else files.set(path, bytes);
  expect(problemsOf({ files })).toEqual([expect.stringContaining(message)]);
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
