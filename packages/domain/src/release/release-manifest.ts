import { z } from "zod";
import { parseAgentName } from "../routing/ids.ts";
import { isPathInside } from "./path-inside.ts";
import { parseDigest } from "./digest.ts";
import { ReleaseError } from "./error.ts";
import type { ReleasePolicy } from "./policy.ts";
import { isSemanticVersion } from "./reference.ts";

const pinned = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  mediaType: z.string().min(1),
  size: z.number().int().nonnegative(),
  digest: z.string().transform(parseDigest),
};
const frameworkSchema = z.strictObject({ name: z.string(), version: z.string() });

const componentSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("model"), ...pinned }),
  z.strictObject({ kind: z.literal("prompt"), role: z.enum(["system", "task", "few-shot"]), ...pinned }),
  z.strictObject({ kind: z.literal("tool"), effect: z.enum(["read", "idempotent", "write"]), ...pinned }),
  z.strictObject({ kind: z.literal("memory"), ...pinned }),
  z.discriminatedUnion("form", [
    z.strictObject({
      kind: z.literal("orchestration"),
      form: z.literal("directory"),
      entrypoint: z.string().min(1).refine(isPathInside),
      framework: frameworkSchema,
      ...pinned,
    }),
    z.strictObject({
      kind: z.literal("orchestration"),
      form: z.literal("image"),
      image: z.string().min(1),
      framework: frameworkSchema.optional(),
      ...pinned,
    }),
  ]),
  z.strictObject({ kind: z.literal("policy"), ...pinned }),
]);

const manifestSchema = z.strictObject({
  apiVersion: z.literal("perch.dev/v1"),
  kind: z.literal("Release"),
  agent: z.string().transform(parseAgentName),
  version: z.string().refine(isSemanticVersion),
  components: z.array(componentSchema),
});

/** One pinned part of a release. Prompts and tools keep the order of `agent.yaml`, since the model sees them in it. */
export type Component = Readonly<z.infer<typeof componentSchema>>;
/** The document that lists every component with its own digest: the OCI config of a release, and what is signed. */
export type ReleaseManifest = Readonly<Omit<z.infer<typeof manifestSchema>, "components">> & {
  readonly components: readonly Component[];
};

/** Throws `ReleaseError` `layout_invalid` for anything but a release manifest of perch.dev/v1. */
export function parseReleaseManifest(bytes: Uint8Array): ReleaseManifest {
  return parseDocument(bytes, manifestSchema, "release manifest");
}

const policySchema = z.object({ escalationTools: z.array(z.string()), successTools: z.array(z.string()) });

/** What telemetry needs of a `policy` component's bytes. Throws `ReleaseError` `layout_invalid`. */
export function parseReleasePolicy(bytes: Uint8Array): ReleasePolicy {
  return parseDocument(bytes, policySchema, "policy component");
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

function parseDocument<T>(bytes: Uint8Array, schema: { parse(value: unknown): T }, what: string): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new ReleaseError({
      code: "layout_invalid",
      message: `found a release whose ${what} cannot be read, expected one of perch.dev/v1`,
      hint: "build the release again with this version of perch",
      cause,
    });
  }
}
