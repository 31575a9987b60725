import { logLikelihoodOfKnownRates } from "@perch/stats";
import { exponential, type Random } from "./random.ts";
import { MINUTE_MS, WINDOW_MS, type Scenario } from "./scenario.ts";

/** As often as the engine closes a block. */
const ORACLE_LOOKS_EVERY = 2;

/** α of the oracle; the engine's with one gate. */
const REJECT_AT = Math.log(100);

/**
 * Wald's SPRT that knows both rates, on the same canary sessions as the engine and looking when it does. No test that keeps
 * α can expect to reject sooner.
 */
export type Oracle = {
  see(isBad: boolean, canarySessions: number): void;
  /** A window has ended. */
  look(canarySessions: number): void;
  isOpen(): boolean;
  rejectedAt(): number | null;
};

export function createOracle({ oracle, looks, mostCanarySessions }: Scenario): Oracle {
  let llr = 0;
  let rejectedAt: number | null = null;
  function decide(canarySessions: number): void {
    if (rejectedAt === null && llr >= REJECT_AT) rejectedAt = canarySessions;
  }
  return {
    see(isBad, canarySessions) {
      if (oracle === null) return;
      llr += logLikelihoodOfKnownRates({ sessions: 1, bad: isBad ? 1 : 0 }, oracle);
      if (looks === "every-session" && canarySessions % ORACLE_LOOKS_EVERY === 0) decide(canarySessions);
    },
    look: decide,
    isOpen: () => oracle !== null && rejectedAt === null,
    rejectedAt: () => (oracle === null ? null : (rejectedAt ?? mostCanarySessions)),
  };
}

/** The engine may decide sooner: the oracle then goes on with canary sessions of the same kind, until it decides too. */
export function letOracleFinish(
  oracle: Oracle,
  { traffic, steps, mostCanarySessions }: Scenario,
  from: { readonly random: Random; readonly now: number; readonly nextLook: number; readonly canarySessions: number },
): void {
  const { random } = from;
  const weight = (steps[0]?.weightBp ?? 0) / 10_000;
  let { now, nextLook, canarySessions } = from;
  while (oracle.isOpen() && canarySessions < mostCanarySessions) {
    now += exponential(random, MINUTE_MS / (traffic.perMinute * weight));
    for (; nextLook <= now; nextLook += WINDOW_MS) oracle.look(canarySessions);
    const session = { isCanary: true, at: now, nthInArm: canarySessions, weight };
    canarySessions += 1;
    oracle.see((traffic.outcome(random, session).bad & 1) === 1, canarySessions);
  }
}
