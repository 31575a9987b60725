import { z } from "zod";
import { isIntent } from "../routing/intent-pattern.ts";
import { createLinearPattern } from "../routing/linear-pattern.ts";
import { parseDurationMs } from "./duration.ts";
import { duration } from "./duration-schema.ts";
import { understoodBy } from "./understood-by.ts";

export const LONGEST_CLASSIFIER_TIMEOUT_MS = 10_000;

const phrases = z.array(z.string().regex(/\S/, "expected a word").max(200)).min(1).max(100);
const confidence = z.number().min(0).max(1);
const textValue = z.string().max(500);

const conditionsSchema = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Z]{1,20}$/, "expected a method such as POST")
    .optional(),
  path: z
    .string()
    .regex(
      /^(?:\/(?:\*|[^/{}*?#\s]+))+(?:\/\*\*)?$|^\/\*\*$|^\/$/,
      "expected a path such as /refunds, /*/refunds or /refunds/**",
    )
    .optional(),
  header: z
    .strictObject({
      name: z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "expected a header's name"),
      equals: textValue,
    })
    .optional(),
  json: z
    .strictObject({
      pointer: z.string().regex(/^(?:\/[^/]{1,200}){1,16}$/, "expected a JSON pointer such as /topic"),
      equals: textValue,
    })
    .optional(),
  words: phrases.optional().meta({ description: "One of them stands in the user's words as whole words" }),
  contains: phrases.optional().meta({ description: "One of them stands anywhere in the user's words" }),
  matches: understoodBy(createLinearPattern).optional().meta({ description: "A pattern without back references" }),
});

const ruleSchema = z.strictObject({
  intent: z.string().refine(isIntent, 'expected an intent such as "refund.status"'),
  confidence: confidence.default(1),
  when: conditionsSchema.refine((when) => Object.keys(when).length > 0, "expected at least one condition"),
});
export type RuleEntry = z.infer<typeof ruleSchema>;

const VERSION = 'expected a text such as "3" or "2025-11-01", in quotes';

const classifierObject = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "expected 1 to 63 lower-case letters, digits and dashes"),
  version: z.string(VERSION).regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/, VERSION),
  rules: z.array(ruleSchema).min(1).max(100).optional(),
  url: z
    .string()
    .refine(isPlainUrl, "expected an http or https URL without user, password and fragment")
    .optional()
    .meta({ description: "Is asked with POST what a first turn is about" }),
  timeout: duration
    .refine(isTimeout, "expected a duration from 10ms to 10s")
    .optional()
    .meta({ description: "How long a session waits for the answer; 300ms unless said otherwise" }),
});

/** Not the canary: a classifier that comes with it would choose the sessions that it is judged by. */
export const classifierSchema = z
  .union([z.literal("baseline"), classifierObject], {
    error:
      'expected "baseline", or a name, a version and either rules or a url: a classifier must not come from the canary, which would choose its own sessions',
  })
  .meta({
    description: "Names what a first turn is about; apart from the canary, so that it does not choose its own sessions",
  });
export type ClassifierEntry = z.infer<typeof classifierSchema>;

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.hash === ""
  );
}

function isTimeout(text: string): boolean {
  const ms = parseDurationMs(text) ?? 0;
  return ms >= 10 && ms <= LONGEST_CLASSIFIER_TIMEOUT_MS;
}
