import type { AgentSpec } from "./agent-spec.ts";
import { parseAgentName } from "../routing/ids.ts";
import { canonicalJsonBytes, type JsonValue } from "./canonical-json.ts";
import { digestOf, type Digest } from "./digest.ts";
import { COMPONENT_TYPE } from "./media-types.ts";
import { releaseOciManifest } from "./oci-manifest.ts";
import type { Component, ReleaseManifest } from "./release-manifest.ts";
import { findSecrets, looksSecret } from "./secrets.ts";
import type { SpecProblem } from "./spec-problem.ts";

export type ReleaseInput = {
  readonly spec: AgentSpec;
  /** The bytes of every file that `fileReferences` names, by its path in `agent.yaml`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The orchestration directory as a deterministic tar archive; null when the spec names an image instead. */
  readonly orchestration: Uint8Array | null;
};

export type BuiltRelease = {
  /** The release's identity: the digest of `ociManifest`. */
  readonly digest: Digest;
  readonly manifest: ReleaseManifest;
  readonly ociManifest: Uint8Array;
  /** Every blob that the OCI manifest names: the release manifest and the components. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
};

export type BuildOutcome =
  | { readonly kind: "built"; readonly release: BuiltRelease }
  | { readonly kind: "invalid"; readonly problems: readonly SpecProblem[] };

type Path = readonly (string | number)[];
type Draft = { readonly component: Component; readonly bytes: Uint8Array };
type Workbench = { readonly files: ReadonlyMap<string, Uint8Array>; readonly problems: SpecProblem[] };
type PromptSpec = AgentSpec["spec"]["prompts"][number];
type ToolSpec = AgentSpec["spec"]["tools"][number];

/** The release of a spec and its files. The same input gives the same bytes on every machine. */
export function buildRelease(input: ReleaseInput): BuildOutcome {
  const { metadata, spec } = input.spec;
  const bench: Workbench = { files: input.files, problems: [] };
  const drafts: readonly (Draft | null)[] = [
    structured({ kind: "model", name: "model", mediaType: COMPONENT_TYPE.model }, spec.model),
    ...spec.prompts.map((prompt, index) => draftPrompt(prompt, ["spec", "prompts", index], bench)),
    ...spec.tools.map((tool, index) => draftTool(tool, ["spec", "tools", index], bench)),
    draftMemory(spec.memory, bench),
    draftOrchestration(input, bench),
    structured({ kind: "policy", name: "policy", mediaType: COMPONENT_TYPE.policy }, spec.policy),
  ];
  if (bench.problems.length > 0) return { kind: "invalid", problems: bench.problems };
  const present = drafts.filter((draft) => draft !== null);
  const manifest: ReleaseManifest = {
    apiVersion: "perch.dev/v1",
    kind: "Release",
    agent: parseAgentName(metadata.name),
    version: metadata.version,
    components: present.map((draft) => draft.component),
  };
  return { kind: "built", release: assemble(manifest, present) };
}

function assemble(manifest: ReleaseManifest, drafts: readonly Draft[]): BuiltRelease {
  const config = canonicalJsonBytes(manifest);
  const configDigest = digestOf(config);
  const ociManifest = releaseOciManifest(manifest, { digest: configDigest, size: config.length });
  return {
    digest: digestOf(ociManifest),
    manifest,
    ociManifest,
    blobs: new Map([
      [configDigest, config],
      ...drafts.map(({ component, bytes }) => [component.digest, bytes] as const),
    ]),
  };
}

type Pinned = "size" | "digest";
type Unpinned = Component extends infer Each ? (Each extends Component ? Omit<Each, Pinned> : never) : never;

function pin(component: Unpinned, bytes: Uint8Array): Draft {
  return { component: { ...component, size: bytes.length, digest: digestOf(bytes) }, bytes };
}

function structured(component: Unpinned, value: JsonValue): Draft {
  return pin(component, canonicalJsonBytes(value));
}

function draftPrompt(prompt: PromptSpec, path: Path, bench: Workbench): Draft | null {
  const bytes = readFile(prompt.file, [...path, "file"], bench);
  if (bytes === null || decode(prompt.file, bytes, { path: [...path, "file"], bench }) === null) return null;
  const { name, role } = prompt;
  return pin({ kind: "prompt", name, role, mediaType: COMPONENT_TYPE.prompt }, bytes);
}

function draftTool(tool: ToolSpec, path: Path, bench: Workbench): Draft | null {
  const parameters = resolveSchema(tool.parameters, [...path, "parameters"], bench);
  const result = tool.result === undefined ? undefined : resolveSchema(tool.result, [...path, "result"], bench);
  if (parameters === null || result === null) return null;
  const { name, effect } = tool;
  return structured({ kind: "tool", name, effect, mediaType: COMPONENT_TYPE.tool }, { ...tool, parameters, result });
}

function draftMemory(memory: AgentSpec["spec"]["memory"], bench: Workbench): Draft | null {
  if (memory === undefined) return null;
  const { format, file } = memory.schema;
  const at = { path: ["spec", "memory", "schema", "file"], bench };
  const bytes = readFile(file, at.path, bench);
  if (bytes === null) return null;
  const definition = format === "protobuf" ? decode(file, bytes, at) : parseJson(file, bytes, at);
  if (definition === null) return null;
  const value = { ...memory, schema: { format, definition } };
  return structured({ kind: "memory", name: "memory", mediaType: COMPONENT_TYPE.memory }, value);
}

function draftOrchestration(input: ReleaseInput, bench: Workbench): Draft | null {
  const { orchestration } = input.spec.spec;
  const identity = { kind: "orchestration", name: "orchestration" } as const;
  if ("image" in orchestration) {
    const mediaType = COMPONENT_TYPE.orchestrationImage;
    return structured({ ...identity, form: "image", mediaType, ...orchestration }, orchestration);
  }
  if (input.orchestration === null) {
    const message = `found no directory ${JSON.stringify(orchestration.directory)}, expected the agent's program in it`;
    bench.problems.push({ path: ["spec", "orchestration", "directory"], message });
    return null;
  }
  const { entrypoint, framework } = orchestration;
  const mediaType = COMPONENT_TYPE.orchestrationDirectory;
  return pin({ ...identity, form: "directory", entrypoint, framework, mediaType }, input.orchestration);
}

type SchemaSpec = ToolSpec["parameters"];

function resolveSchema(schema: SchemaSpec, path: Path, bench: Workbench): JsonValue {
  if (typeof schema["file"] !== "string") return schema;
  const at = { path: [...path, "file"], bench };
  const bytes = readFile(schema["file"], at.path, bench);
  return bytes === null ? null : parseJson(schema["file"], bytes, at);
}

function readFile(file: string, path: Path, bench: Workbench): Uint8Array | null {
  const bytes = bench.files.get(file);
  if (bytes !== undefined) return bytes;
  bench.problems.push({
    path,
    message: `found no file ${JSON.stringify(file)}, expected one in the agent's directory`,
  });
  return null;
}

type Place = { readonly path: Path; readonly bench: Workbench };

function decode(file: string, bytes: Uint8Array, { path, bench }: Place): string | null {
  const quoted = JSON.stringify(file);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!looksSecret(text)) return text;
    bench.problems.push({ path, message: `found the shape of a key or token in ${quoted}, expected no secrets` });
  } catch {
    bench.problems.push({ path, message: `found bytes in ${quoted} that are not UTF-8, expected text` });
  }
  return null;
}

function parseJson(file: string, bytes: Uint8Array, place: Place): JsonValue {
  const text = decode(file, bytes, place);
  if (text === null) return null;
  const value = parseJsonObject(text);
  if (value === null) {
    const message = `found no JSON object in ${JSON.stringify(file)}, expected a schema as a JSON object`;
    place.bench.problems.push({ path: place.path, message });
    return null;
  }
  for (const secret of findSecrets(value)) {
    const message = `${secret.message} (${JSON.stringify(file)}, at ${secret.path.join(".")})`;
    place.bench.problems.push({ path: place.path, message });
  }
  return value;
}

function parseJsonObject(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    // Also refuses what JSON can write and a release cannot pin, such as 1e999.
    canonicalJsonBytes(value);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
