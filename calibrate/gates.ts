import { splitErrorBudget, type CountGate, type GateReference, type GateSpec } from "@perch/domain";
import { P95_MS } from "./naive.ts";
import { normal, normalQuantile, type Random } from "./random.ts";

/** One of the kinds of gates, before the error budget is split. */
type WithoutBudget = GateSpec extends infer Gate ? (Gate extends GateSpec ? Omit<Gate, "alpha"> : never) : never;

const COMMON = { direction: "increase", role: "guardrail", onFail: "rollback" } as const;
const ALPHA = 0.01;
const MARGIN = 0.04;

export const MAIN_RATE = 0.08;

/** The main outcome alone, with all of the error budget and an objective of 12 %. */
export const ONE_GATE: readonly GateSpec[] = withBudget([mainGate()]);
export const ONE_REFERENCE: Readonly<Record<string, number>> = { "escalation-rate": MAIN_RATE };

/** The same by a sequential probability ratio test designed for the margin. */
export const SPRT_GATE: readonly GateSpec[] = withBudget([{ ...mainGate(), mde: MARGIN, objective: null }]);

/** The same, looked at also when a session is half an hour old; the rate then is that of the delays in `traps.ts`. */
export const LANDMARK_GATE: readonly GateSpec[] = withBudget([
  { ...mainGate(), landmark: { ageMs: 1_800_000, readAt: "age" } },
]);

/** Values of the baseline are lognormal: costs with a median of 1 cent, slowest turns with one of a second. */
export const [COST_SPREAD, TURN_SPREAD] = [1.5, 0.6];
export const [COST_MEDIAN_USD, TURN_MEDIAN_MS] = [0.01, 1000];

export const COST_GATE: readonly GateSpec[] = withBudget([
  { ...COMMON, name: "cost", kind: "mean", of: "cost", objective: null, margin: { relative: 0.1 }, range: null },
]);
export const COST_REFERENCE: Readonly<Record<string, GateReference>> = {
  cost: { kind: "quantiles", quantiles: [{ q: 0.99, value: COST_MEDIAN_USD * Math.exp(COST_SPREAD * 2.3263) }] },
};

export const P95_GATE: readonly GateSpec[] = withBudget([
  { ...COMMON, name: "p95-slowest-turn", kind: "quantile", of: "slowest-turn", q: 0.95, objective: null, margin: 0.2 },
]);
export const P95_REFERENCE: Readonly<Record<string, GateReference>> = {
  "p95-slowest-turn": {
    kind: "quantiles",
    quantiles: [
      { q: 0.5, value: TURN_MEDIAN_MS },
      { q: 0.95, value: P95_MS },
      { q: 0.99, value: TURN_MEDIAN_MS * Math.exp(TURN_SPREAD * 2.3263) },
    ],
  },
};

/** In life it pauses; here it rolls back, so that false alarms are counted like those of the others. */
export const TOOLS_GATE: readonly GateSpec[] = withBudget([
  { ...COMMON, name: "tool-sequence", kind: "distribution", of: "trace.tool_ngrams" },
]);

/** Bad rates of eight gates of one rollout, the main one first (`statistics.md` 3.9.4). */
export const EIGHT_RATES = [0.08, 0.08, 0.03, 0.05, 0.01, 0.12, 0.2, 0.3] as const;
const CORRELATION = 0.4;

export const EIGHT_GATES: readonly GateSpec[] = withBudget([
  mainGate(),
  ...EIGHT_RATES.slice(1).map((rate, i) => scoreGate(`score.metric-${i + 2}`, rate)),
]);
export const EIGHT_REFERENCES: Readonly<Record<string, number>> = Object.fromEntries(
  EIGHT_GATES.map((gate, i) => [gate.name, EIGHT_RATES[i] ?? 0]),
);

/** Which of eight correlated outcomes are bad, as bits: a Gaussian copula. `shift` moves all thresholds, in z. */
export function correlatedBad(random: Random, mainRate: number, shift = 0): number {
  const common = Math.sqrt(CORRELATION) * normal(random);
  let bad = 0;
  for (const [i, rate] of EIGHT_RATES.entries()) {
    const z = common + Math.sqrt(1 - CORRELATION) * normal(random);
    if (z < quantileOf(i === 0 ? mainRate : rate) + shift) bad |= 1 << i;
  }
  return bad;
}

const quantiles = new Map<number, number>();

function quantileOf(rate: number): number {
  let z = quantiles.get(rate);
  if (z === undefined) {
    z = normalQuantile(rate);
    quantiles.set(rate, z);
  }
  return z;
}

function mainGate(): Omit<CountGate, "alpha"> {
  return {
    name: "escalation-rate",
    kind: "proportion",
    of: "escalation-rate",
    direction: "increase",
    objective: { max: MAIN_RATE + MARGIN },
    margin: MARGIN,
    role: "guardrail",
    onFail: "rollback",
  };
}

function scoreGate(of: `score.${string}`, rate: number): Omit<CountGate, "alpha"> {
  return {
    name: of,
    kind: "proportion",
    of,
    direction: "decrease",
    objective: { min: 1 - rate - MARGIN },
    margin: MARGIN,
    role: "guardrail",
    onFail: "rollback",
  };
}

function withBudget(gates: readonly WithoutBudget[]): readonly GateSpec[] {
  const alphas = splitErrorBudget(
    gates.map((gate) => ({ ...gate, weight: null })),
    ALPHA,
  );
  return gates.map((gate) => ({ ...gate, alpha: alphas[gate.name] ?? ALPHA }));
}
