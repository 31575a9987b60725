import { z } from "zod";
import { parseDurationMs } from "../rollout/duration.ts";
import { duration } from "../rollout/duration-schema.ts";
import type { RolloutSpecProblem } from "../rollout/spec-problem.ts";
import { parseAgentName } from "../routing/ids.ts";
import type { Channel } from "./channel.ts";
import { NotifyError } from "./error.ts";

const NEWS = ["paused", "needsApproval", "rolledBack", "promoted", "drainLate"] as const;

/** Where a secret stands: never in the file itself. */
const reference = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of a variable") }),
    z.strictObject({ file: z.string().min(1) }),
  ])
  .meta({ description: "A secret by reference: { env: NAME } or { file: PATH }" });
export type SecretReference = z.infer<typeof reference>;

const timeout = duration.refine(
  (text) => {
    const ms = parseDurationMs(text) ?? 1000;
    return ms >= 100 && ms <= 60_000;
  },
  { message: "expected a duration from 100ms to 60s" },
);

const channel = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "expected up to 63 letters, digits, dots, dashes and underscores"),
  type: z.enum(["generic", "slack"]),
  url: reference.meta({ description: "The address, by reference: whoever knows a Slack webhook's can write to it" }),
  on: z
    .array(z.enum(NEWS))
    .min(1)
    .default([...NEWS]),
  agents: z.array(z.string().transform(parseAgentNameOrNull)).min(1).optional(),
  timeout: timeout.default("10s"),
  retries: z.number().int().min(0).max(50).default(8),
});

const notificationFile = z
  .strictObject({
    apiVersion: z.literal("perch.dev/v1"),
    kind: z.literal("Notifications"),
    console: z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:/.test(text), { message: "expected an http or https URL" })
      .optional()
      .meta({ description: "Where people reach the console; messages then lead there" }),
    signing: reference
      .optional()
      .meta({ description: "One or more whsec_ secrets, one a line, that sign webhooks and generic channels" }),
    channels: z.array(channel).max(100).default([]),
  })
  .meta({ title: "Perch notifications", description: "Whom a server tells about rollouts, and how it signs webhooks" });

/** The file with its secrets still references. */
export type NotificationFile = {
  readonly console: string | null;
  readonly signing: SecretReference | null;
  readonly channels: readonly (Omit<Channel, "url"> & { readonly url: SecretReference })[];
};

/** Throws `NotifyError` `file_invalid` with every problem and its path. Never repeats what stands there: it may be a secret. */
export function parseNotificationFile(value: unknown): NotificationFile {
  const parsed = notificationFile.safeParse(value);
  const names = parsed.success ? parsed.data.channels.map(({ name }) => name) : [];
  const repeated = names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []));
  const problems = parsed.success
    ? repeated.map((index) => ({ path: ["channels", index, "name"], message: "found a name twice, expected it once" }))
    : parsed.error.issues.flatMap(problemsOf);
  if (!parsed.success || problems.length > 0) {
    throw new NotifyError({
      code: "file_invalid",
      message: `found ${problems.length} problem${problems.length === 1 ? "" : "s"} in the notifications file, expected none`,
      hint: "GET /v1/schemas/notifications gives the JSON Schema",
      problems,
    });
  }
  const { console = null, signing = null, channels } = parsed.data;
  return {
    console,
    signing,
    channels: channels.map(({ agents, timeout: text, ...rest }) => ({
      ...rest,
      agents: agents ?? null,
      timeoutMs: parseDurationMs(text) ?? 0,
    })),
  };
}

/** The JSON Schema of the file, for editors and other tools. */
export function notificationJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(notificationFile, { io: "input", target: "draft-2020-12" }) };
}

function problemsOf(issue: z.core.$ZodIssue): readonly RolloutSpecProblem[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? part.toString() : part));
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: "found an unknown field, expected only known ones",
  }));
}

function parseAgentNameOrNull(text: string, context: z.RefinementCtx) {
  try {
    return parseAgentName(text);
  } catch {
    context.addIssue({ code: "custom", message: "expected an agent's name" });
    return z.NEVER;
  }
}
