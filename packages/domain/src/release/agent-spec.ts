import { z } from "zod";
import { isAgentName } from "./agent-name.ts";
import { describeIssues, type SpecProblem } from "./spec-problem.ts";
import { isPathInside } from "./path-inside.ts";
import { isSemanticVersion } from "./reference.ts";
import { findSecrets } from "./secrets.ts";

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
    .regex(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 lower-case hex digits')
    .optional()
    .describe("Digest of a fine-tune or adapter."),
});

const promptSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(["system", "task", "few-shot"]),
  file: pathSchema,
});

const toolSchema = z.strictObject({
  name: nameSchema,
  description: z.string().min(1).max(10_000),
  effect: z.enum(["read", "idempotent", "write"]).describe("What calling it does to the world."),
  parameters: jsonSchemaSchema,
  result: jsonSchemaSchema.optional(),
  auth: z
    .strictObject({ ref: z.string().min(1).max(500) })
    .optional()
    .describe("Where the secret is found when the agent runs; never the secret."),
  lifecycle: z
    .strictObject({ cancel: z.url().optional(), transfer: z.url().optional() })
    .optional()
    .describe("Endpoints that end or hand over an open transaction of this tool."),
});

const storeSchema = z.strictObject({ driver: z.string().min(1).max(100), parameters: jsonObjectSchema.optional() });

const memorySchema = z.strictObject({
  schema: z.strictObject({ format: z.enum(["json-schema", "avro", "protobuf"]), file: pathSchema }),
  store: storeSchema,
  vectorStore: storeSchema.optional(),
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
      prompts: z.array(promptSchema).min(1).superRefine(refuseSameNames),
      tools: z.array(toolSchema).superRefine(refuseSameNames),
      memory: memorySchema.optional(),
      orchestration: orchestrationSchema,
      policy: policySchema,
    }),
  })
  .meta({ title: "Perch agent", description: "What one release of an agent is made of." });

export type AgentSpec = z.infer<typeof agentSpecSchema>;

export type CheckedAgentSpec =
  | { readonly kind: "valid"; readonly spec: AgentSpec }
  | { readonly kind: "invalid"; readonly problems: readonly SpecProblem[] };

/** Every problem at once: shape, names that must exist or be unique, and secrets, which never enter a release. */
export function checkAgentSpec(value: unknown): CheckedAgentSpec {
  const parsed = agentSpecSchema.safeParse(value);
  const problems = [
    ...(parsed.success ? [] : describeIssues(parsed.error.issues, value)),
    ...undeclaredPolicyTools(value),
    ...findSecrets(value),
  ];
  if (parsed.success && problems.length === 0) return { kind: "valid", spec: parsed.data };
  return { kind: "invalid", problems };
}

/** The JSON Schema of `agent.yaml`, as `perch release schema` publishes it. */
export function agentSpecJsonSchema(): unknown {
  return z.toJSONSchema(agentSpecSchema, { io: "input" });
}

const namesSchema = z.looseObject({
  spec: z.looseObject({
    tools: z.array(z.looseObject({ name: z.string() })),
    policy: z.looseObject({
      escalationTools: z.array(z.string()).catch([]),
      successTools: z.array(z.string()).catch([]),
    }),
  }),
});

// Read leniently, so that this is also reported beside problems elsewhere in the file.
function undeclaredPolicyTools(value: unknown): readonly SpecProblem[] {
  const parsed = namesSchema.safeParse(value);
  if (!parsed.success) return [];
  const { tools, policy } = parsed.data.spec;
  const declared = new Set(tools.map((tool) => tool.name));
  return (["escalationTools", "successTools"] as const).flatMap((list) =>
    policy[list].flatMap((name, index) =>
      declared.has(name)
        ? []
        : [
            {
              path: ["spec", "policy", list, index],
              message: `found tool ${JSON.stringify(name)}, expected one that spec.tools declares`,
            },
          ],
    ),
  );
}

function refuseSameNames(parts: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  // Names become file names, and not every file system tells letters' case apart.
  const seen = new Set<string>();
  for (const [index, { name }] of parts.entries()) {
    if (seen.has(name.toLowerCase()))
      context.addIssue({ code: "custom", message: "a name not used before", path: [index, "name"] });
    seen.add(name.toLowerCase());
  }
}
