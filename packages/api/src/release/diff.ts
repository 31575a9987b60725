import { z } from "zod";

/** Whom a change breaks: `agents` send arguments and records, `callers` read results and records. */
const breaksSchema = z.object({ agents: z.boolean(), callers: z.boolean() });

/** Hunks as in a unified diff: each line begins with " ", "-", "+" or "\". */
export const textDiffSchema = z.object({
  hunks: z.array(
    z.object({
      fromLine: z.number().int(),
      fromLines: z.number().int(),
      toLine: z.number().int(),
      toLines: z.number().int(),
      lines: z.array(z.string()),
    }),
  ),
  addedLines: z.number().int(),
  removedLines: z.number().int(),
  /** Lines that were left out because of the limit for one text. */
  omittedLines: z.number().int(),
});
export type TextDiffView = z.infer<typeof textDiffSchema>;

/** Every change says in words what it is, to be read after the component's label. */
const said = { breaks: breaksSchema, words: z.string() };
const fromTo = { from: z.string().nullable(), to: z.string().nullable() };
const effectSchema = z.enum(["read", "idempotent", "write"]);
/** `narrows`: may refuse what was accepted; `widens`: may accept what was refused; what cannot be told, both. */
const schemaPlace = {
  path: z.string(),
  how: z.enum([
    "propertyAdded",
    "propertyRemoved",
    "becameRequired",
    "becameOptional",
    "retyped",
    "narrowed",
    "widened",
    "undecided",
    "note",
  ]),
  narrows: z.boolean(),
  widens: z.boolean(),
};

export const releaseChangeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("added"), ...said }),
  z.object({ kind: z.literal("removed"), ...said }),
  z.object({ kind: z.literal("rewritten"), ...said }),
  z.object({ kind: z.literal("renamed"), from: z.string(), to: z.string(), ...said }),
  z.object({ kind: z.literal("roleChanged"), from: z.string(), to: z.string(), ...said }),
  z.object({ kind: z.literal("textChanged"), text: textDiffSchema, ...said }),
  z.object({ kind: z.literal("descriptionChanged"), text: textDiffSchema, ...said }),
  z.object({ kind: z.literal("parameterChanged"), ...schemaPlace, ...said }),
  z.object({ kind: z.literal("resultChanged"), ...schemaPlace, ...said }),
  z.object({ kind: z.literal("effectChanged"), from: effectSchema, to: effectSchema, ...said }),
  z.object({ kind: z.literal("authChanged"), ...fromTo, ...said }),
  z.object({ kind: z.literal("endpointChanged"), endpoint: z.enum(["cancel", "transfer"]), ...fromTo, ...said }),
  z.object({ kind: z.literal("settingChanged"), path: z.string(), ...fromTo, ...said }),
  z.object({ kind: z.literal("storeChanged"), store: z.enum(["store", "vectorStore"]), ...fromTo, ...said }),
  z.object({ kind: z.literal("unreadable"), direction: z.enum(["backward", "forward"]), path: z.string(), ...said }),
  z.object({ kind: z.literal("memorySchemaChanged"), path: z.string(), ...said }),
  z.object({
    kind: z.literal("policyToolsChanged"),
    list: z.enum(["escalationTools", "successTools"]),
    added: z.array(z.string()),
    removed: z.array(z.string()),
    ...said,
  }),
  z.object({
    kind: z.literal("guardrailChanged"),
    name: z.string(),
    how: z.enum(["added", "removed", "changed"]),
    ...said,
  }),
  z.object({
    kind: z.literal("programChanged"),
    part: z.enum(["form", "image", "framework", "entrypoint"]),
    ...fromTo,
    ...said,
  }),
  z.object({
    kind: z.literal("fileChanged"),
    path: z.string(),
    how: z.enum(["added", "removed", "changed", "renamed"]),
    previousPath: z.string().nullable(),
    sizeBefore: z.number().int().nullable(),
    sizeAfter: z.number().int().nullable(),
    text: textDiffSchema.nullable(),
    ...said,
  }),
  z.object({ kind: z.literal("filesOmitted"), count: z.number().int(), ...said }),
]);
export type ReleaseChangeView = z.infer<typeof releaseChangeSchema>;

const releaseSchema = z.object({ agent: z.string(), version: z.string(), digest: z.string() });

/** `GET /v1/agents/:agent/diff?from=…&to=…`, and `perch release diff A B --json`. */
export const releaseDiffSchema = z.object({
  from: releaseSchema,
  to: releaseSchema,
  direction: z.enum(["newer", "older", "same"]),
  step: z.enum(["major", "minor", "patch", "prerelease", "build", "none"]),
  /** How many components the two have, changed or not. */
  total: z.number().int(),
  breaks: breaksSchema,
  /** One line: how much changed, and what matters most. */
  summary: z.string(),
  warnings: z.array(z.string()),
  components: z.array(
    z.object({
      kind: z.enum(["model", "prompt", "tool", "memory", "orchestration", "policy"]),
      name: z.string(),
      label: z.string(),
      breaks: breaksSchema,
      changes: z.array(releaseChangeSchema),
    }),
  ),
  orders: z.array(
    z.object({
      kind: z.enum(["prompt", "tool"]),
      from: z.array(z.string()),
      to: z.array(z.string()),
      words: z.string(),
    }),
  ),
});
export type ReleaseDiffView = z.infer<typeof releaseDiffSchema>;
