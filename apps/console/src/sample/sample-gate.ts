import type { GateView } from "@perch/api";
import { sampleTrail, type SampleTrail } from "./sample-evidence.ts";

export type SampleGate = {
  readonly name: string;
  readonly seed: number;
  readonly alpha: number;
  readonly baselineRate: number;
  readonly canaryRate: number;
  readonly canarySessions: number;
  readonly baselineSessions: number;
  readonly margin: number;
  readonly objective: GateView["objective"];
  readonly role: GateView["role"];
  readonly isMet: boolean;
  readonly startedAt: number;
};

const MS_PER_CANARY_SESSION = 900;
const ACCEPT_AT = Math.log(20);

/** One gate whose counts, evidence and intervals agree with one another well enough to look at. */
export function sampleGate(input: SampleGate): GateView {
  const trail = sampleTrail(input);
  const rejectAtLogE = Math.log(1 / input.alpha);
  const logE = trail.history.at(-1)?.logE ?? 0;
  const verdict = verdictOf(input, logE >= rejectAtLogE);
  const moreCanarySessions = verdict === "inconclusive" ? Math.max(10, 220 - input.canarySessions) : null;
  return {
    name: input.name,
    kind: "proportion",
    of: input.name,
    role: input.role,
    objective: input.objective,
    margin: input.margin,
    isMarginRelative: false,
    verdict,
    explanation: explain(verdict, { logE, rejectAtLogE, more: moreCanarySessions }),
    baseline: rateOf(input.baselineSessions, trail.baselineBad),
    canary: rateOf(input.canarySessions, trail.canaryBad),
    alpha: input.alpha,
    logE,
    rejectAtLogE,
    fastPathAtLogE: Math.log(1 / (5 * input.alpha)),
    brokenWindows: verdict === "fail" ? 2 : 0,
    cleanWindows: verdict === "pass" ? 5 : 1,
    ...intervalsOf(input, trail),
    values: null,
    design: null,
    findings: [],
    segments: [],
    landmark: null,
    promise: null,
    nonInferiority: nonInferiorityOf(input, verdict),
    moreCanarySessions,
    history: trail.history.map((entry) => ({
      ...entry,
      at: input.startedAt + entry.canarySessions * MS_PER_CANARY_SESSION,
    })),
  };
}

function verdictOf(input: SampleGate, isRejected: boolean): GateView["verdict"] {
  if (isRejected) return "fail";
  return input.isMet ? "pass" : "inconclusive";
}

type Explained = { readonly logE: number; readonly rejectAtLogE: number; readonly more: number | null };

function explain(verdict: GateView["verdict"], { logE, rejectAtLogE, more }: Explained): string {
  const odds = `odds 1:${Math.exp(logE).toFixed(logE > 2 ? 0 : 2)} against no harm`;
  const limit = `(rolls back at 1:${Math.exp(rejectAtLogE).toFixed(0)})`;
  if (verdict === "fail") return `${odds} ${limit}`;
  if (verdict === "pass") return `no worse than the margin allows; ${odds} ${limit}`;
  const needs = "evidence that the odds of a bad session are less than 4.00 times the baseline's";
  return `${odds} ${limit}; needs ${needs}; about ${more} more canary sessions`;
}

function rateOf(sessions: number, bad: number): GateView["baseline"] {
  return { sessions, bad, rate: sessions === 0 ? null : bad / sessions };
}

function nonInferiorityOf(input: SampleGate, verdict: GateView["verdict"]): GateView["nonInferiority"] {
  const shifted = input.baselineRate + input.margin;
  const marginOddsRatio = (shifted * (1 - input.baselineRate)) / ((1 - shifted) * input.baselineRate);
  const progress = verdict === "fail" ? -2 : Math.min(0.92, input.canarySessions / 300) * ACCEPT_AT;
  return {
    referenceRate: input.baselineRate,
    marginOddsRatio,
    logE: input.isMet ? ACCEPT_AT + 1.1 : progress,
    acceptAtLogE: ACCEPT_AT,
    upperOddsRatio: input.isMet ? 1.5 : input.canarySessions > 60 && verdict !== "fail" ? 4 : null,
    isMet: input.isMet,
  };
}

function intervalsOf(
  input: SampleGate,
  trail: SampleTrail,
): Pick<GateView, "difference" | "oddsRatio" | "probabilityWorse"> {
  const canaryRate = (trail.canaryBad + 0.8) / (input.canarySessions + 10);
  const half = 3.2 * Math.sqrt((canaryRate * (1 - canaryRate)) / Math.max(10, input.canarySessions));
  const middle = trail.canaryBad / Math.max(1, input.canarySessions) - input.baselineRate;
  const low = Math.max(-input.baselineRate * 0.9, middle - half * 0.8);
  const high = middle + half;
  return {
    difference: { low, high },
    oddsRatio: { low: oddsRatio(input.baselineRate, low), high: oddsRatio(input.baselineRate, high) },
    probabilityWorse: Math.min(0.999, Math.max(0.02, 0.5 + middle / (2 * half))),
  };
}

function oddsRatio(rate: number, difference: number): number {
  const moved = Math.min(0.95, Math.max(0.002, rate + difference));
  return (moved * (1 - rate)) / ((1 - moved) * rate);
}
