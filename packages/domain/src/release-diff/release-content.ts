import { z } from "zod";
import type { JsonObject } from "../json-schema/json.ts";
import type { ProtoSchema } from "../memory/proto-schema.ts";
import type { JsonValue } from "../release/canonical-json.ts";
import type { Digest } from "../release/digest.ts";
import { ReleaseError } from "../release/error.ts";
import type { ModelName } from "../telemetry/price-list.ts";
import { componentLabel, type Component, type ReleaseManifest } from "../release/release-manifest.ts";

/** Everything that a release holds, its bytes checked before: what `diffReleases` compares. */
export type ReleaseContent = {
  readonly digest: Digest;
  readonly manifest: ReleaseManifest;
  readonly components: readonly ComponentContent[];
  /** What the orchestration archive holds; empty for an image. */
  readonly files: readonly ArchivedFile[];
  readonly proto: ReadProto;
};

export type ComponentContent = { readonly component: Component; readonly bytes: Uint8Array };

export type ArchivedFile =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** A memory schema in Protobuf, which is text that others parse. */
export type ReadProto =
  | { readonly kind: "none" }
  | { readonly kind: "read"; readonly schema: ProtoSchema }
  | { readonly kind: "unreadable"; readonly message: string };

const json = z.custom<JsonValue>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>(isObject);
const guardrail = z.custom<JsonObject & { readonly name: string }>(
  (value) => isObject(value) && z.looseObject({ name: z.string() }).safeParse(value).success,
);
const store = z.object({
  driver: z.string(),
  parameters: jsonObject.optional(),
  auth: z.object({ ref: z.string() }).optional(),
});
const translator = z.object({ from: z.string(), module: z.string(), digest: z.string() });

const toolSchema = z.object({
  description: z.string(),
  effect: z.enum(["read", "idempotent", "write"]),
  parameters: json,
  result: json.optional(),
  auth: z.object({ ref: z.string() }).optional(),
  lifecycle: z.object({ cancel: z.string().optional(), transfer: z.string().optional() }).optional(),
});
const memorySchema = z.object({
  schema: z.object({ format: z.enum(["json-schema", "avro", "protobuf"]), definition: json }),
  store,
  vectorStore: store.optional(),
  translators: z.array(translator).optional(),
});
const policySchema = z.object({
  escalationTools: z.array(z.string()),
  successTools: z.array(z.string()),
  guardrails: z.array(guardrail).optional(),
});

const modelSchema = z.object({ provider: z.string(), name: z.string() });

export type ToolDocument = Readonly<z.infer<typeof toolSchema>>;
export type MemoryDocument = Readonly<z.infer<typeof memorySchema>>;
export type PolicyDocument = Readonly<z.infer<typeof policySchema>>;

/** These throw `ReleaseError` `layout_invalid` for a component that is not what its kind says. */
export function parseTool(content: ComponentContent): ToolDocument {
  return parseDocument(content, toolSchema);
}

/** Which model a release was made for. */
export function parseModel(content: ComponentContent): ModelName {
  const { provider, name } = parseDocument(content, modelSchema);
  return { provider, model: name };
}

export function parseMemory(content: ComponentContent): MemoryDocument {
  return parseDocument(content, memorySchema);
}

export function parsePolicy(content: ComponentContent): PolicyDocument {
  return parseDocument(content, policySchema);
}

export function parseSettings(content: ComponentContent): JsonObject {
  return parseDocument(content, jsonObject);
}

export function parseText(content: ComponentContent): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(content.bytes);
}

/** The text of a memory schema in Protobuf; null when the release has none. */
export function protobufText(components: readonly ComponentContent[]): string | null {
  const content = components.find(({ component }) => component.kind === "memory");
  const schema = content === undefined ? null : parseMemory(content).schema;
  return schema?.format === "protobuf" && typeof schema.definition === "string" ? schema.definition : null;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseDocument<T>(content: ComponentContent, schema: { parse(value: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content.bytes)));
  } catch (cause) {
    throw new ReleaseError({
      code: "layout_invalid",
      message: `found a ${componentLabel(content.component)} component that cannot be read, expected one of perch.dev/v1`,
      hint: "build the release again with this version of perch",
      cause,
    });
  }
}
