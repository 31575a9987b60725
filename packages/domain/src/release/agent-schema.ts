import { z } from "zod";
import { isAgentName } from "./agent-name.ts";
import { isDigest } from "./digest.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { isPathInside } from "./path-inside.ts";
import { isSemanticVersion } from "./reference.ts";
import { parseVersionRange } from "./version-range.ts";

const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "a name of at most 64 letters, digits, dots, dashes and underscores")
  .describe("Also the name of the component's file where a deployment unpacks it.");

const pathSchema = z
  .string()
  .min(1)
  .max(500)
  .refine(isPathInside, "a relative path that stays inside the agent's directory, with forward slashes")
  .describe("Relative to the directory of agent.yaml; never outside it.");

const fileSchema = z.strictObject({ file: pathSchema });
const jsonObjectSchema = z.record(z.string(), z.json());

const jsonSchemaSchema = z
  .union([
    fileSchema,
    jsonObjectSchema.refine((value) => !Object.hasOwn(value, "file"), "either { file: PATH } alone or a JSON Schema"),
  ])
  .describe("A JSON Schema: here, or in a JSON file.");

const modelSchema = z.strictObject({
  provider: z.string().min(1).max(100),
  name: z.string().min(1).max(200),
  version: z.string().min(1).max(200).optional(),
  parameters: jsonObjectSchema.optional().describe("Sampling parameters as the provider names them."),
  adapterDigest: z
    .string()
    .refine(isDigest, '"sha256:" and 64 lower-case hex digits')
    .optional()
    .describe("Digest of a fine-tune or adapter."),
});

const promptSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(["system", "task", "few-shot"]),
  file: pathSchema,
});

const authSchema = z
  .strictObject({ ref: z.string().min(1).max(500) })
  .optional()
  .describe("Where the secret is found when the agent runs; never the secret.");

const toolFields = {
  name: nameSchema,
  description: z.string().min(1).max(10_000),
  effect: z.enum(["read", "idempotent", "write"]).describe("What calling it does to the world."),
  auth: authSchema,
  lifecycle: z
    .strictObject({ cancel: z.url().optional(), transfer: z.url().optional() })
    .optional()
    .describe("Endpoints that end or hand over an open transaction of this tool."),
};

const toolSchema = z.union([
  z.strictObject({ ...toolFields, parameters: jsonSchemaSchema, result: jsonSchemaSchema.optional() }),
  z.strictObject({
    ...toolFields,
    openapi: jsonSchemaSchema.describe(
      "An OpenAPI Operation Object, with the components that it refers to beside, here or in a JSON file. " +
        "Parameters and result are taken from it.",
    ),
  }),
]);

const storeSchema = z.strictObject({
  driver: z.string().min(1).max(100),
  parameters: jsonObjectSchema.optional(),
  auth: authSchema,
});

const translatorSchema = z.strictObject({
  from: z
    .string()
    .refine(isTranslatable, 'a range of versions such as ">=1.0.0 <2.0.0", or the digest of a release')
    .describe("The releases whose memory it reads: a range of versions (`^1.2.0`, `>=1.0.0 <2.0.0`) or a digest."),
  module: pathSchema.describe("Relative to the orchestration directory, which holds it."),
});

const memorySchema = z.strictObject({
  schema: z.strictObject({ format: z.enum(["json-schema", "avro", "protobuf"]), file: pathSchema }),
  store: storeSchema,
  vectorStore: storeSchema.optional(),
  translators: z
    .array(translatorSchema)
    .max(RELEASE_LIMITS.promptsOrTools)
    .optional()
    .describe("Programs that turn what other releases remembered into this schema; the first that fits is used."),
});

const secretScanSchema = z.strictObject({
  allow: z.array(
    z.strictObject({
      path: pathSchema.describe("A file, or a directory with everything in it."),
      line: z.number().int().min(1).optional(),
      reason: z.string().min(1).max(1000),
    }),
  ),
});

const frameworkSchema = z.strictObject({ name: z.string().min(1).max(100), version: z.string().min(1).max(100) });

const orchestrationSchema = z.union([
  z.strictObject({
    directory: pathSchema.describe("Packed whole into the release."),
    entrypoint: pathSchema.describe("Relative to the directory; started as `node ENTRYPOINT`."),
    framework: frameworkSchema,
  }),
  z.strictObject({
    image: z.string().regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, "a container image with its digest: NAME@sha256:…"),
    framework: frameworkSchema.optional(),
  }),
]);

const policySchema = z.strictObject({
  escalationTools: z.array(nameSchema).describe("A session that calls one of these counts as escalated."),
  successTools: z
    .array(nameSchema)
    .describe("A session that calls one of these without an error counts as successful."),
  guardrails: z
    .array(
      z.strictObject({
        name: nameSchema,
        description: z.string().max(10_000).optional(),
        parameters: jsonObjectSchema.optional(),
      }),
    )
    .superRefine(refuseSameNames)
    .optional()
    .describe("Handed to the agent as they stand."),
});

/** `agent.yaml`, apiVersion perch.dev/v1: what one release of an agent is made of. */
export const agentSpecSchema = z
  .strictObject({
    apiVersion: z.literal("perch.dev/v1"),
    kind: z.literal("Agent"),
    metadata: z.strictObject({
      name: z.string().refine(isAgentName, "an agent name: lower-case letters, digits, dashes"),
      version: z.string().refine(isSemanticVersion, 'a semantic version such as "2.3.1"'),
    }),
    spec: z.strictObject({
      model: modelSchema,
      prompts: z.array(promptSchema).min(1).max(RELEASE_LIMITS.promptsOrTools).superRefine(refuseSameNames),
      tools: z.array(toolSchema).max(RELEASE_LIMITS.promptsOrTools).superRefine(refuseSameNames),
      memory: memorySchema.optional(),
      orchestration: orchestrationSchema,
      policy: policySchema,
      secretScan: secretScanSchema
        .optional()
        .describe("Texts that look like secrets and are none. No part of the release."),
    }),
  })
  .meta({ title: "Perch agent", description: "What one release of an agent is made of." });

function refuseSameNames(parts: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  // Names become file names, and not every file system tells letters' case apart.
  const seen = new Set<string>();
  for (const [index, { name }] of parts.entries()) {
    if (seen.has(name.toLowerCase()))
      context.addIssue({ code: "custom", message: "a name not used before", path: [index, "name"] });
    seen.add(name.toLowerCase());
  }
}

function isTranslatable(from: string): boolean {
  return isDigest(from) || parseVersionRange(from) !== null;
}
