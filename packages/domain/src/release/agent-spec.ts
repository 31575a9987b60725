import { z } from "zod";
import { agentSpecSchema } from "./agent-schema.ts";
import { orchestrationDirectory } from "./file-references.ts";
import { findSecrets, quoteName } from "./secrets.ts";
import { describeIssues, type SpecProblem } from "./spec-problem.ts";

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
    ...translatorsWithoutDirectory(value),
    ...findPrototypes(value, []),
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
    tools: z.array(z.looseObject({ name: z.string().catch("") }).catch({ name: "" })),
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
              message: `found tool ${quoteName(name)}, expected one that spec.tools declares`,
            },
          ],
    ),
  );
}

const translatorsSchema = z.looseObject({
  spec: z.looseObject({ memory: z.looseObject({ translators: z.array(z.unknown()).min(1) }) }),
});

// A container image is not part of a release's bytes, so nothing in it could be pinned.
function translatorsWithoutDirectory(value: unknown): readonly SpecProblem[] {
  if (!translatorsSchema.safeParse(value).success || orchestrationDirectory(value) !== null) return [];
  const message = "found translators, expected an orchestration directory that holds their modules";
  return [{ path: ["spec", "memory", "translators"], message }];
}

// The name would be lost on the way through a plain object, and what it stands for with it.
function findPrototypes(value: unknown, path: readonly (string | number)[]): readonly SpecProblem[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => findPrototypes(item, [...path, index]));
  return Object.entries(value).flatMap(([name, member]) => {
    const at = [...path, name];
    if (name !== "__proto__") return findPrototypes(member, at);
    return [{ path: at, message: 'found the field "__proto__", expected another name' }];
  });
}
