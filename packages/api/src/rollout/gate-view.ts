import { z } from "zod";

const intervalSchema = z.object({ low: z.number(), high: z.number() });
const rateSchema = z.object({ sessions: z.number().int(), bad: z.number().int(), rate: z.number().nullable() });

/** What a person reads of both arms' values: a mean or a quantile, in the metric's own unit (ms, US dollars, counts). */
const valuesSchema = z.object({
  statistic: z.string(),
  unit: z.enum(["ms", "usd", ""]),
  baseline: z.number().nullable(),
  canary: z.number().nullable(),
  /** Values above it count as it. */
  cap: z.number().nullable(),
  /** 95 % confidence sequences: of the ratio of geometric means, and of each arm's quantile. */
  ratio: intervalSchema.nullable(),
  baselineRange: intervalSchema.nullable(),
  canaryRange: intervalSchema.nullable(),
});

/** "`refund` is called right before `verify_identity` in 31 % of sessions (baseline 2 %)", with both rates and ln E. */
const findingSchema = z.object({
  sentence: z.string(),
  baselineRate: z.number(),
  canaryRate: z.number(),
  logE: z.number(),
  /** It may be named with a false discovery rate of 5 %; others are only the largest so far. */
  isEstablished: z.boolean(),
});

/** One gate's verdict with its evidence; logarithms are natural, rates are of *bad* sessions, 0..1. */
export const gateViewSchema = z.object({
  name: z.string(),
  kind: z.enum(["proportion", "mean", "quantile", "rate", "distribution", "absolute", "score"]).default("proportion"),
  of: z.string(),
  role: z.enum(["guardrail", "signal", "muted"]),
  objective: z.object({ max: z.number().optional(), min: z.number().optional() }).nullable(),
  /** An amount in the metric's own unit, or a share of the baseline's (`isRelative`); null for a gate that has none. */
  margin: z.number().nullable(),
  isMarginRelative: z.boolean().default(false),
  verdict: z.enum(["pass", "fail", "inconclusive", "invalid"]),
  /** The reason in a person's words, e.g. "evidence 1:340 against no harm" or "needs about 60 more canary sessions". */
  explanation: z.string(),
  baseline: rateSchema,
  canary: rateSchema,
  alpha: z.number(),
  logE: z.number(),
  rejectAtLogE: z.number(),
  fastPathAtLogE: z.number(),
  brokenWindows: z.number().int(),
  cleanWindows: z.number().int(),
  /** What a sequential probability ratio test is designed to find: a rise, and the odds ratio it amounts to. */
  design: z.object({ mde: z.number(), oddsRatio: z.number().nullable() }).nullable().default(null),
  /** These three are null for a gate that does not compare rates of bad sessions. */
  oddsRatio: intervalSchema.nullable(),
  difference: intervalSchema.nullable(),
  probabilityWorse: z.number().nullable(),
  /** Of a gate that compares values; null for any other. */
  values: valuesSchema.nullable().default(null),
  /** Of a gate on tool use: what the canary does differently, the clearest first. */
  findings: z.array(findingSchema).default([]),
  /** Of a gate that is judged in segments, the worst evidence first. */
  segments: z
    .array(z.object({ segment: z.string(), baseline: rateSchema, canary: rateSchema, logE: z.number() }))
    .default([]),
  /** Of a gate with a landmark: sessions that were bad or not over at this age, and where they reject by themselves. */
  landmark: z
    .object({
      ageMs: z.number(),
      baseline: rateSchema,
      canary: rateSchema,
      logE: z.number(),
      /** Null in rollouts of older versions, which averaged both views. */
      rejectAtLogE: z.number().nullable().default(null),
    })
    .nullable()
    .default(null),
  nonInferiority: z.object({
    referenceRate: z.number().nullable(),
    marginOddsRatio: z.number().nullable(),
    logE: z.number(),
    acceptAtLogE: z.number(),
    upperOddsRatio: z.number().nullable(),
    isMet: z.boolean(),
  }),
  /**
   * The objective in sessions that began after the promotion, while it bakes: the share of bad sessions, or the mean in the metric's
   * own unit, beside the bound. A session that was not over when its time came counts as a good one.
   */
  promise: z
    .object({
      kind: z.enum(["rate", "mean"]),
      sessions: z.number().int(),
      found: z.number(),
      bound: z.number(),
      sentence: z.string(),
    })
    .nullable()
    .default(null),
  moreCanarySessions: z.number().nullable(),
  /** Evidence over time, one point a closed block or reading at an age, thinned to at most 300. */
  history: z.array(z.object({ at: z.number(), canarySessions: z.number().int(), logE: z.number() })),
});
export type GateView = z.infer<typeof gateViewSchema>;
