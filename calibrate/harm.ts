import type { Arriving, Outcome, Scenario } from "./scenario.ts";

/** Excess bad sessions of a canary: those that were bad, less those that would have been with the baseline. */
export type Harm = { readonly total: number; readonly worstHorizon: number };

/** What a canary did to those who met it. Null: the scenario does not say how bad the baseline would have been for them. */
export type HarmLog = { see(session: Arriving, outcome: Outcome): void; harm(): Harm | null };

/** `worstHorizon`: the most within any stretch of time as long as `horizonMs`. */
export function createHarmLog({ traffic }: Scenario, horizonMs: number): HarmLog {
  const { badRate } = traffic;
  const recent: { readonly at: number; readonly excess: number }[] = [];
  let [first, inHorizon, total, worstHorizon] = [0, 0, 0, 0];
  return {
    see(session, { bad }) {
      if (badRate === undefined || !session.isCanary) return;
      const excess = (bad & 1) - badRate({ ...session, isCanary: false });
      recent.push({ at: session.at, excess });
      total += excess;
      inHorizon += excess;
      for (let oldest = recent[first]; oldest !== undefined && session.at - oldest.at > horizonMs;) {
        inHorizon -= oldest.excess;
        oldest = recent[(first += 1)];
      }
      worstHorizon = Math.max(worstHorizon, inHorizon);
    },
    harm: () => (badRate === undefined ? null : { total, worstHorizon }),
  };
}
