import type { Arriving, Outcome, Scenario } from "./scenario.ts";

export type Harm = {
  /** Bad sessions of the canary, less those that would have been bad with the baseline. */
  readonly total: number;
  /** The same as it was to be expected of whoever met the canary, the most within any stretch as long as the horizon. */
  readonly worstHorizon: number;
  /** Whether that is more than a harm budget tolerates; null without one. */
  readonly isOverBudget: boolean | null;
};

/** What a canary did to those who met it. Null: the scenario does not say how bad the baseline would have been for them. */
export type HarmLog = { see(session: Arriving, outcome: Outcome): void; harm(): Harm | null };

export function createHarmLog({ traffic, ramp }: Scenario, horizonMs: number): HarmLog {
  const { badRate } = traffic;
  const recent: { readonly at: number; readonly expected: number }[] = [];
  let [first, inHorizon, total, worstHorizon] = [0, 0, 0, 0];

  function forgetBefore(at: number): void {
    for (let oldest = recent[first]; oldest !== undefined && oldest.at < at; oldest = recent[first]) {
      inHorizon -= oldest.expected;
      first += 1;
    }
  }

  return {
    see(session, { bad }) {
      if (badRate === undefined || !session.isCanary) return;
      const withBaseline = badRate({ ...session, isCanary: false });
      const expected = badRate(session) - withBaseline;
      forgetBefore(session.at - horizonMs);
      recent.push({ at: session.at, expected });
      total += (bad & 1) - withBaseline;
      inHorizon += expected;
      worstHorizon = Math.max(worstHorizon, inHorizon);
    },
    harm() {
      if (badRate === undefined) return null;
      return { total, worstHorizon, isOverBudget: ramp === undefined ? null : worstHorizon > ramp.budget };
    },
  };
}
