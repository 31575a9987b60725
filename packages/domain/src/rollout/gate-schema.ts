import { z } from "zod";
import { duration, positiveDuration } from "./duration-schema.ts";

const SCORE = "score\\.[A-Za-z0-9_.-]{1,100}";
const METRIC = new RegExp(`^(?:escalation-rate|error-rate|tool-error-rate|failure-rate|${SCORE})$`);

export const TIME_METRICS = ["duration", "slowest-turn", "first-response", "slowest-first-byte"] as const;
const AMOUNT_METRICS = [
  "cost",
  "cost-per-resolution",
  "tool-calls",
  "model-calls",
  "tokens",
  "turns",
  "retries",
  "loops",
] as const;
export const VALUE_METRICS = [...TIME_METRICS, ...AMOUNT_METRICS] as const;
const SHARE_METRICS = ["failed-turns", "failed-tool-calls", "invalid-arguments", "retried-calls"] as const;
const STRUCTURES = ["trace.structure", "trace.tool_ngrams", "trace.argument_shapes", "trace.loops"] as const;
const RATES = "escalation-rate, error-rate, tool-error-rate, failure-rate or score.<name>";

const share = z.number().min(0).max(1);
const percent = z
  .string()
  .regex(/^\d{1,3}(?:\.\d{1,3})?%$/, 'expected a share of the baseline such as "10%"')
  .refine((text) => Number.parseFloat(text) > 0, { message: "expected more than 0%" });
const amount = z.number().gt(0).max(1e12);

const metric = z.string().regex(METRIC, `expected ${RATES}`);
const OF = "The metric; left out, the gate's name is the metric";

const common = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "expected letters, digits, dots, dashes and underscores"),
  unit: z.literal("session").default("session"),
  critical: z.boolean().optional().meta({ description: "A critical guardrail rolls back, any other gate only pauses" }),
  weight: z.number().gt(0).max(1).optional().meta({ description: "Share of familyWiseErrorRate, 0 to 1" }),
  onFail: z.enum(["rollback", "rollback+evict", "freeze", "pause"]).optional(),
};
const roles = z.enum(["guardrail", "signal", "muted"]);
const atSessionEnd = z.literal("session-end").default("session-end");
const direction = z.enum(["increase", "decrease"]).optional();
const rateObjective = z.strictObject({ max: share.optional(), min: share.optional() }).optional();
const segments = z
  .enum(["intent", "tool"])
  .optional()
  .meta({ description: "Also judged for each of these by itself, so that a broken one cannot hide in a flat total" });

const mde = z.number().gt(0).lt(1).optional().meta({
  description: "Of an sprt: the rise of the rate of bad sessions that the test is designed to find",
});
const ONLY_RATES = "sprt is for rates of bad sessions (proportion, or score without range)";
const onlyMethod = <Method extends string>(method: Method) =>
  z.literal(method, { error: `expected ${method}: ${ONLY_RATES}` }).default(method);

const proportionGate = z.strictObject({
  ...common,
  kind: z.literal("proportion"),
  of: metric.optional().meta({ description: OF }),
  maturation: z.enum(["session-end", "landmark"]).default("session-end").meta({
    description: "landmark: also judged at one age, whether or not sessions are over, as bad or not over by then",
  }),
  age: positiveDuration
    .optional()
    .meta({ description: "Of a landmark; left out, the age at which nine of ten past sessions were known to be over" }),
  direction: direction.meta({ description: "The bad direction: increase for rates, decrease for scores" }),
  objective: rateObjective,
  compare: z
    .strictObject({
      method: z.enum(["eprocess", "sprt"]).default("eprocess"),
      margin: z.number().gt(0).lt(1).optional().meta({ description: "Left out: the mde, else 0.04" }),
      mde,
    })
    .default({ method: "eprocess" }),
  segments,
  role: roles.default("guardrail"),
});

const scoreGate = z.strictObject({
  ...common,
  kind: z.literal("score"),
  of: z
    .string()
    .regex(new RegExp(`^${SCORE}$`), "expected score.<name>")
    .optional()
    .meta({ description: OF }),
  maturation: atSessionEnd,
  below: z.number().optional().meta({ description: "A session with a lower score is bad; 0.5 unless range is given" }),
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, { message: "expected the lower end first" })
    .optional()
    .meta({ description: "Where scores lie: then their means are compared instead" }),
  direction,
  objective: z.strictObject({ max: z.number().optional(), min: z.number().optional() }).optional(),
  compare: z
    .strictObject({ method: z.enum(["eprocess", "sprt", "betting"]).optional(), margin: amount.optional(), mde })
    .default({}),
  segments,
  role: roles.default("guardrail"),
});

const MEANS = `${VALUE_METRICS.join(", ")} or sentiment`;
const meanGate = z.strictObject({
  ...common,
  kind: z.literal("mean"),
  of: z
    .enum([...VALUE_METRICS, "sentiment"], { error: `expected ${MEANS}` })
    .optional()
    .meta({ description: OF }),
  maturation: atSessionEnd,
  direction: direction.meta({ description: "The bad direction: increase, but decrease for sentiment" }),
  objective: z
    .strictObject({ max: z.union([z.number(), duration]).optional(), min: z.union([z.number(), duration]).optional() })
    .optional(),
  compare: z
    .strictObject({
      method: onlyMethod("betting"),
      margin: z
        .union([amount, percent], { error: 'expected a share of the baseline such as "10%", or an amount above 0' })
        .optional(),
    })
    .default({ method: "betting" }),
  role: roles.default("guardrail"),
});

const rateGate = z.strictObject({
  ...common,
  kind: z.literal("rate"),
  of: z
    .enum(SHARE_METRICS, { error: `expected ${SHARE_METRICS.join(", ")}` })
    .optional()
    .meta({ description: OF }),
  maturation: atSessionEnd,
  direction,
  objective: rateObjective,
  compare: z
    .strictObject({ method: onlyMethod("betting"), margin: z.number().gt(0).lt(1).default(0.02) })
    .default({ method: "betting", margin: 0.02 }),
  role: roles.default("guardrail"),
});

const quantileGate = z.strictObject({
  ...common,
  kind: z.literal("quantile"),
  of: z
    .enum(VALUE_METRICS, { error: `expected ${VALUE_METRICS.join(", ")}` })
    .optional()
    .meta({ description: OF }),
  q: z.number().min(0.5).max(0.999).default(0.95),
  maturation: atSessionEnd,
  direction,
  objective: z.strictObject({ max: z.union([z.number(), duration]) }).optional(),
  compare: z
    .strictObject({ method: onlyMethod("eprocess"), margin: percent.default("20%") })
    .default({ method: "eprocess", margin: "20%" }),
  role: roles.default("guardrail"),
});

const distributionGate = z.strictObject({
  ...common,
  kind: z.literal("distribution"),
  of: z.enum(STRUCTURES, { error: `expected ${STRUCTURES.join(", ")}` }).default("trace.structure"),
  maturation: atSessionEnd,
  compare: z.strictObject({ method: onlyMethod("eprocess") }).default({ method: "eprocess" }),
  role: roles.default("signal"),
});

const ABSOLUTES = `${RATES}, or with a q: ${VALUE_METRICS.join(", ")}`;
const absoluteGate = z.strictObject({
  ...common,
  kind: z.literal("absolute"),
  of: z
    .union([z.enum(VALUE_METRICS), metric], { error: `expected ${ABSOLUTES}` })
    .optional()
    .meta({ description: OF }),
  q: z.number().min(0.5).max(0.999).optional(),
  maturation: atSessionEnd,
  direction,
  objective: z.strictObject({
    max: z.union([z.number(), duration]).optional(),
    min: z.union([z.number(), duration]).optional(),
  }),
  role: roles.default("guardrail"),
});

export const GATE_KINDS = ["proportion", "mean", "quantile", "rate", "distribution", "absolute", "score"] as const;

/** A gate as a person writes it. What spans several fields is checked by `gate-checks.ts`. */
export const gateSchema = z.discriminatedUnion(
  "kind",
  [proportionGate, meanGate, quantileGate, rateGate, distributionGate, absoluteGate, scoreGate],
  { error: `expected one of ${GATE_KINDS.join(", ")}` },
);

export type GateEntry = z.infer<typeof gateSchema>;
