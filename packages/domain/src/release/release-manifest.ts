import { z } from "zod";
import { isAgentName } from "./agent-name.ts";
import { parseAgentName } from "../routing/ids.ts";
import { isPathInside } from "./path-inside.ts";
import { digestSchema } from "./digest.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { COMPONENT_TYPE } from "./media-types.ts";
import type { ReleasePolicy } from "./policy.ts";
import { readDocument } from "./read-document.ts";
import { isSemanticVersion } from "./reference.ts";

const pinned = {
  size: z.number().int().nonnegative().max(RELEASE_LIMITS.blobBytes),
  digest: digestSchema,
};
const named = { name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/), ...pinned };
const frameworkSchema = z.strictObject({ name: z.string(), version: z.string() });

const componentSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("model"),
    name: z.literal("model"),
    mediaType: z.literal(COMPONENT_TYPE.model),
    ...pinned,
  }),
  z.strictObject({
    kind: z.literal("prompt"),
    role: z.enum(["system", "task", "few-shot"]),
    mediaType: z.literal(COMPONENT_TYPE.prompt),
    ...named,
  }),
  z.strictObject({
    kind: z.literal("tool"),
    effect: z.enum(["read", "idempotent", "write"]),
    mediaType: z.literal(COMPONENT_TYPE.tool),
    ...named,
  }),
  z.strictObject({
    kind: z.literal("memory"),
    name: z.literal("memory"),
    mediaType: z.literal(COMPONENT_TYPE.memory),
    ...pinned,
  }),
  z.discriminatedUnion("form", [
    z.strictObject({
      kind: z.literal("orchestration"),
      name: z.literal("orchestration"),
      form: z.literal("directory"),
      entrypoint: z.string().min(1).refine(isPathInside),
      framework: frameworkSchema,
      mediaType: z.literal(COMPONENT_TYPE.orchestrationDirectory),
      ...pinned,
    }),
    z.strictObject({
      kind: z.literal("orchestration"),
      name: z.literal("orchestration"),
      form: z.literal("image"),
      image: z.string().min(1),
      framework: frameworkSchema.optional(),
      mediaType: z.literal(COMPONENT_TYPE.orchestrationImage),
      ...pinned,
    }),
  ]),
  z.strictObject({
    kind: z.literal("policy"),
    name: z.literal("policy"),
    mediaType: z.literal(COMPONENT_TYPE.policy),
    ...pinned,
  }),
]);

const manifestSchema = z.strictObject({
  apiVersion: z.literal("perch.dev/v1"),
  kind: z.literal("Release"),
  agent: z
    .string()
    .refine(isAgentName, "an agent name: lower-case letters, digits, dashes")
    .transform((name) => parseAgentName(name)),
  version: z.string().refine(isSemanticVersion, "a semantic version"),
  components: z.array(componentSchema).max(RELEASE_LIMITS.components).superRefine(refuseOddComponents),
});

/** One pinned part of a release. Prompts and tools keep the order of `agent.yaml`, since the model sees them in it. */
export type Component = Readonly<z.infer<typeof componentSchema>>;
/** The document that lists every component with its own digest: the OCI config of a release, and what is signed. */
export type ReleaseManifest = Readonly<Omit<z.infer<typeof manifestSchema>, "components">> & {
  readonly components: readonly Component[];
};

const EXPECTED = { expected: "one of perch.dev/v1", hint: "build the release again with this version of perch" };

/** Throws `ReleaseError` `layout_invalid` for anything but a release manifest of perch.dev/v1 in canonical form. */
export function parseReleaseManifest(bytes: Uint8Array): ReleaseManifest {
  return readDocument(bytes, {
    what: "a release whose release manifest",
    schema: manifestSchema,
    isCanonical: true,
    ...EXPECTED,
  });
}

const policySchema = z.object({ escalationTools: z.array(z.string()), successTools: z.array(z.string()) });

/** What telemetry needs of a `policy` component's bytes. Throws `ReleaseError` `layout_invalid`. */
export function parseReleasePolicy(bytes: Uint8Array): ReleasePolicy {
  return readDocument(bytes, { what: "a release whose policy component", schema: policySchema, ...EXPECTED });
}

/** How a component is called in messages: `prompt "system"`, `tool "refund"`, `model`. */
export function componentLabel(component: Pick<Component, "kind" | "name">): string {
  return component.name === component.kind ? component.kind : `${component.kind} ${JSON.stringify(component.name)}`;
}

/** Where a deployment unpacks a component below `components/`, and the title of its OCI layer. */
export function componentPath(component: Component): string {
  switch (component.kind) {
    case "prompt":
    case "tool":
      return `${component.kind}/${component.name}`;
    case "orchestration":
      return component.form === "directory" ? "orchestration/orchestration.tar" : "orchestration/orchestration.json";
    case "model":
    case "memory":
    case "policy":
      return `${component.kind}/${component.kind}.json`;
  }
}

// Everything is called by its kind and name: where it is unpacked, in messages, in a diff.
function refuseOddComponents(components: readonly Component[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, component] of components.entries()) {
    const label = componentLabel(component);
    if (seen.has(label.toLowerCase())) {
      context.addIssue({ code: "custom", message: `found the ${label} twice, expected it once`, path: [index] });
    }
    seen.add(label.toLowerCase());
  }
  for (const kind of ["model", "orchestration", "policy"]) {
    if (!seen.has(kind)) context.addIssue({ code: "custom", message: `found no ${kind}, expected one` });
  }
}
