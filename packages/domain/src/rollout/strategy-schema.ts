import { z } from "zod";
import { checkIntentPattern } from "../routing/intent-pattern.ts";
import { parseSessionExtractors, parseSessionLearners } from "../routing/parse-session-rules.ts";
import { classifierSchema } from "./classifier-schema.ts";
import { understoodBy } from "./understood-by.ts";

const entries = (parse: (text: string) => unknown) => z.array(understoodBy(parse)).min(1).max(20);
const percentage = z.number().min(0).max(100).multipleOf(0.01);

const intentSchema = z.strictObject({
  include: entries(checkIntentPattern).meta({ description: "Intents whose sessions are drawn, e.g. refund.*" }),
  classifier: classifierSchema,
  minConfidence: z.number().min(0).max(1).default(0.8),
  onUnsure: z.literal("baseline").default("baseline"),
  text: entries(parseSessionExtractors)
    .optional()
    .meta({ description: "Where the user's words stand, e.g. json:/message; left out: in the usual places" }),
  audit: z
    .strictObject({ percentage })
    .default({ percentage: 1 })
    .meta({ description: "Share of later turns that are classified again, to see how far the first turn was right" }),
});
export type IntentEntry = z.infer<typeof intentSchema>;

/** Which fields a type needs is checked by `strategy-checks.ts`. */
export const strategySchema = z
  .strictObject({
    type: z.enum(["session", "user", "intent", "shadow"]).default("session"),
    seed: z.string().min(1).max(200).default("auto"),
    targetingKey: entries(parseSessionExtractors)
      .optional()
      .meta({ description: "Where the session id is looked for, first hit wins, e.g. header:x-session-id" }),
    aliases: entries(parseSessionLearners)
      .optional()
      .meta({ description: "Ids in answers that become other names of the session, e.g. mcp or a2a" }),
    userKey: entries(parseSessionExtractors)
      .optional()
      .meta({ description: "Where the user's id is looked for, first hit wins, e.g. jwt:sub; for type user" }),
    intent: intentSchema.optional().meta({ description: "Which sessions are drawn; for type intent" }),
  })
  .default({ type: "session", seed: "auto" });
export type StrategyEntry = z.infer<typeof strategySchema>;
