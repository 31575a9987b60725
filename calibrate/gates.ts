import { splitErrorBudget, type CountGate, type GateSpec } from "@perch/domain";
import { normal, normalQuantile, type Random } from "./random.ts";

const ALPHA = 0.01;
const MARGIN = 0.04;

export const MAIN_RATE = 0.08;

/** The main outcome alone, with all of the error budget and an objective of 12 %. */
export const ONE_GATE: readonly GateSpec[] = withBudget([mainGate()]);
export const ONE_REFERENCE: Readonly<Record<string, number>> = { "escalation-rate": MAIN_RATE };

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

type WithoutBudget = Omit<CountGate, "alpha">;

function mainGate(): WithoutBudget {
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

function scoreGate(of: `score.${string}`, rate: number): WithoutBudget {
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
