import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { duration } from "./duration-schema.ts";

const timeout = duration.refine((text) => isWithin(parseDurationMs(text) ?? 1000), {
  message: "expected a duration from 100ms to 60s",
});

const webhook = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "expected up to 63 letters, digits, dots, dashes and underscores")
    .optional()
    .meta({ description: "Left out: the type" }),
  type: z.enum([
    "confirm-rollout",
    "pre-rollout",
    "rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
    "post-rollout",
    "rollback",
    "event",
  ]),
  url: z
    .string()
    .max(2000)
    .refine(isHttpUrl, { message: "expected an http or https URL without user name and password" }),
  timeout: timeout.default("10s"),
  retries: z
    .number()
    .int()
    .min(0)
    .max(50)
    .default(8)
    .meta({ description: "Of pre-rollout, post-rollout and event; the others are asked until they agree" }),
  metadata: z.record(z.string().max(100), z.string().max(1000)).default({}),
});
export type WebhookEntry = z.infer<typeof webhook>;

/** Whom a rollout asks and tells on its way: Flagger's eight types. */
export const webhooksSchema = z.array(webhook).max(20);

function isWithin(ms: number): boolean {
  return ms >= 100 && ms <= 60_000;
}

function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return false;
  return (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "";
}
