import { z } from "zod";

const perArm = z.object({ baseline: z.number(), canary: z.number() });

/** What `perch demo --json` promises to print. */
export const demoResultSchema = z.object({
  outcome: z.enum(["rolledBack", "promoted", "undecided"]),
  culprits: z.array(z.string()),
  sessions: perArm,
  rates: z.object({
    baseline: z.record(z.string(), z.number().nullable()),
    canary: z.record(z.string(), z.number().nullable()),
  }),
  canarySessionsExposed: z.number(),
  switchedSessions: z.number(),
  rollbackMs: z.number().nullable(),
  secondsInRollout: z.number(),
  consoleUrl: z.url(),
  restarts: z.object({ server: z.number(), gateway: z.number() }),
  customers: z.object({ started: z.number(), finished: z.number(), failed: z.number(), switchedSessions: z.number() }),
});
