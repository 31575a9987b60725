import type { AgentSpec } from "./agent-spec.ts";
import { parseAgentName } from "../routing/ids.ts";
import { canonicalJsonBytes, type JsonObject, type JsonValue } from "./canonical-json.ts";
import { checkSpecFiles } from "./check-spec-files.ts";
import { digestOf, type Digest } from "./digest.ts";
import { fileReferences, orchestrationDirectory, translatorFile } from "./file-references.ts";
import { COMPONENT_TYPE } from "./media-types.ts";
import { releaseOciManifest } from "./oci-manifest.ts";
import { readOpenApiOperation } from "./openapi-operation.ts";
import type { Component, ReleaseManifest } from "./release-manifest.ts";
import { decodeText, readCheckedJson } from "./spec-file.ts";
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

type Draft = { readonly component: Component; readonly bytes: Uint8Array };
type Files = ReadonlyMap<string, Uint8Array>;
type Spec = AgentSpec["spec"];

/** The release of a spec and its files. The same input gives the same bytes on every machine. */
export function buildRelease(input: ReleaseInput): BuildOutcome {
  const { metadata, spec } = input.spec;
  const problems = [...missingParts(input), ...checkSpecFiles(input.spec, input.files)];
  if (problems.length > 0) return { kind: "invalid", problems };
  const drafts: readonly Draft[] = [
    structured({ kind: "model", name: "model", mediaType: COMPONENT_TYPE.model }, spec.model),
    ...spec.prompts.map((prompt) => draftPrompt(prompt, input.files)),
    ...spec.tools.map((tool) => draftTool(tool, input.files)),
    ...(spec.memory === undefined ? [] : [draftMemory(spec.memory, spec, input.files)]),
    draftOrchestration(spec.orchestration, input.orchestration ?? new Uint8Array()),
    structured({ kind: "policy", name: "policy", mediaType: COMPONENT_TYPE.policy }, spec.policy),
  ];
  const manifest: ReleaseManifest = {
    apiVersion: "perch.dev/v1",
    kind: "Release",
    agent: parseAgentName(metadata.name),
    version: metadata.version,
    components: drafts.map((draft) => draft.component),
  };
  return { kind: "built", release: assemble(manifest, drafts) };
}

function missingParts({ spec, files, orchestration }: ReleaseInput): readonly SpecProblem[] {
  const missing = fileReferences(spec).filter(({ file }) => !files.has(file));
  const problems: SpecProblem[] = missing.map(({ path, file }) => ({
    path,
    message: `found no file ${JSON.stringify(file)}, expected one in the agent's directory`,
  }));
  const directory = orchestrationDirectory(spec);
  if (directory === null || orchestration !== null) return problems;
  const message = `found no directory ${JSON.stringify(directory)}, expected the agent's program in it`;
  return [...problems, { path: ["spec", "orchestration", "directory"], message }];
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

function draftPrompt({ name, role, file }: Spec["prompts"][number], files: Files): Draft {
  return pin({ kind: "prompt", name, role, mediaType: COMPONENT_TYPE.prompt }, bytesOf(file, files));
}

function draftTool(tool: Spec["tools"][number], files: Files): Draft {
  const { name, effect } = tool;
  return structured(
    { kind: "tool", name, effect, mediaType: COMPONENT_TYPE.tool },
    { ...tool, ...schemasOf(tool, files) },
  );
}

function schemasOf(tool: Spec["tools"][number], files: Files): JsonObject {
  if ("parameters" in tool) {
    const { parameters, result } = tool;
    return {
      parameters: schemaOf(parameters, files),
      result: result === undefined ? undefined : schemaOf(result, files),
    };
  }
  const openapi = schemaOf(tool.openapi, files);
  const operation = readOpenApiOperation(openapi);
  // It was checked before.
  if (operation.kind === "invalid") return { openapi };
  // Beside the fragment, so that whoever reads a tool finds JSON Schemas whatever it was written as.
  return { openapi, parameters: operation.parameters, result: operation.result };
}

function draftMemory(memory: NonNullable<Spec["memory"]>, spec: Spec, files: Files): Draft {
  const { format, file } = memory.schema;
  const bytes = bytesOf(file, files);
  const definition = format === "protobuf" ? decodeText(bytes) : readCheckedJson(bytes);
  const directory = "directory" in spec.orchestration ? spec.orchestration.directory : "";
  const translators = memory.translators?.map(({ from, module }) => {
    const program = bytesOf(translatorFile(directory, module), files);
    return { from, module, size: program.length, digest: digestOf(program) };
  });
  return structured(
    { kind: "memory", name: "memory", mediaType: COMPONENT_TYPE.memory },
    { ...memory, schema: { format, definition }, translators },
  );
}

function draftOrchestration(orchestration: Spec["orchestration"], archive: Uint8Array): Draft {
  const identity = { kind: "orchestration", name: "orchestration" } as const;
  if ("image" in orchestration) {
    const mediaType = COMPONENT_TYPE.orchestrationImage;
    return structured({ ...identity, form: "image", mediaType, ...orchestration }, orchestration);
  }
  const { entrypoint, framework } = orchestration;
  const mediaType = COMPONENT_TYPE.orchestrationDirectory;
  return pin({ ...identity, form: "directory", entrypoint, framework, mediaType }, archive);
}

function schemaOf(schema: JsonObject, files: Files): JsonValue {
  const { file } = schema;
  return typeof file === "string" ? readCheckedJson(bytesOf(file, files)) : schema;
}

// Nothing is missing: that was checked before.
function bytesOf(file: string, files: Files): Uint8Array {
  return files.get(file) ?? new Uint8Array();
}
