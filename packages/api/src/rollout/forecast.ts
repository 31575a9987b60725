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
      role: z.enum(["guardrail", "signal", "muted"]),
      onFail: z.enum(["rollback", "pause"]),
      alpha: z.number(),
      rate: z.number(),
      /** How many sessions of the baseline the rate rests on; null: it is assumed. */
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
          /** The smallest rise of the bad rate that is found, on average, by the end of the step. */
          smallestRise: z.number().nullable(),
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
      baselineRate: z.number(),
      isAssumed: z.boolean(),
      canaryRate: z.number(),
      foundAfterMs: z.number().nullable(),
      exposed: z.number(),
    }),
  ),
  /** Canary sessions at most before a rollback. */
  worstExposure: z.number().nullable(),
  warnings: z.array(z.string()),
});
export type ForecastView = z.infer<typeof forecastSchema>;
