import { z } from "zod";

/**
 * `POST /v1/rollouts/plan` with a rollout file: what will happen, when, and to how many. Estimates for a canary as good as
 * the baseline unless said; null: no end in sight. Times are ms since the first step began, rates of *bad* sessions 0..1.
 */
export const forecastSchema = z.object({
  name: z.string(),
  agent: z.string(),
  release: z.string(),
  baseline: z.string(),
  ramp: z.enum(["steps", "harm-budget"]),
  mirror: z.object({ percentageBp: z.number(), durationMs: z.number() }).nullable(),
  gates: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["proportion", "mean", "quantile", "rate", "distribution", "absolute", "score"]),
      role: z.enum(["guardrail", "signal", "muted"]),
      onFail: z.enum(["rollback", "pause"]),
      alpha: z.number(),
      direction: z.enum(["increase", "decrease"]),
      /**
       * What an effect of this gate is: a `rise` of the rate of bad sessions; `relative` or by an `amount`, of the mean or
       * quantile, in its bad direction; `new`: the share of the canary's sessions with a use of tools that is new.
       */
      effect: z.enum(["rise", "relative", "amount", "new"]),
      /** The baseline's `rate` of bad sessions, `mean`, quantile (`p95`), or number of compared `features`. */
      baseline: z.object({ statistic: z.string(), value: z.number() }),
      /** How many sessions of the baseline that rests on; null: it is assumed. */
      sessions: z.number().nullable(),
    }),
  ),
  /** New sessions of the agent, both arms. */
  sessionsPerMinute: z.number(),
  /** From a session's assignment until gates read it. */
  maturationMs: z.number(),
  steps: z.array(
    z.object({
      weightBp: z.number(),
      startsAfterMs: z.number().nullable(),
      durationMs: z.number().nullable(),
      /** Canary sessions that the step needs, and what needs the time. */
      canarySessions: z.number().nullable(),
      because: z.string(),
      gates: z.array(
        z.object({
          gate: z.string(),
          sessionsToPass: z.number().nullable(),
          /** The smallest effect that is found, on average, by the end of the step. */
          smallestEffect: z.number().nullable(),
        }),
      ),
      exposedByEnd: z.number().nullable(),
    }),
  ),
  totalMs: z.number().nullable(),
  /** Whom it waits for besides the gates, in order; times do not count that. */
  waits: z.array(z.string()).default([]),
  harms: z.array(
    z.object({
      gate: z.string(),
      /** As the gate's `effect` says. */
      size: z.number(),
      /** Of a `rise`; null for any other effect. */
      baselineRate: z.number().nullable(),
      canaryRate: z.number().nullable(),
      isAssumed: z.boolean(),
      foundAfterMs: z.number().nullable(),
      exposed: z.number(),
    }),
  ),
  /** Canary sessions at most before a rollback. */
  worstExposure: z.number().nullable(),
  warnings: z.array(z.string()),
});
export type ForecastView = z.infer<typeof forecastSchema>;
