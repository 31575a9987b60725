import { z } from "zod";
import { GATE_KINDS, TIME_METRICS, VALUE_METRICS } from "./gate-schema.ts";
import type { RolloutSpecProblem } from "./spec-problem.ts";

// A tolerant reading, as in `spec-checks.ts`: what has the wrong form is absent here, and complained about already.
const text = z.string().optional().catch(undefined);
const bound = z.union([z.number(), z.string()]).optional().catch(undefined);
export const looseGate = z
  .object({
    name: text,
    kind: z.enum(GATE_KINDS).optional().catch(undefined),
    of: text,
    direction: text,
    role: text,
    onFail: text,
    maturation: text,
    segments: z.unknown().optional(),
    age: z.unknown().optional(),
    q: z.unknown().optional(),
    below: z.unknown().optional(),
    range: z.tuple([z.number(), z.number()]).optional().catch(undefined),
    critical: z.boolean().optional().catch(undefined),
    compare: z.object({ method: text, margin: bound, mde: z.unknown().optional() }).optional().catch(undefined),
    objective: z.object({ max: bound, min: bound }).optional().catch(undefined),
  })
  .catch({});
export type LooseGate = z.infer<typeof looseGate>;

type Path = readonly (string | number)[];

/** What no single field of a gate can know. */
export function checkGate(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  return [
    ...checkObjective(gate, path),
    ...checkRole(gate, path),
    ...checkMetric(gate, path),
    ...checkForm(gate, path),
  ];
}

export function checkGateNames(gates: readonly LooseGate[]): RolloutSpecProblem[] {
  return gates.flatMap((gate, index): RolloutSpecProblem[] =>
    gate.name !== undefined && gates.findIndex((other) => other.name === gate.name) < index
      ? [
          {
            path: ["spec", "analysis", "gates", index, "name"],
            message: `found a second gate ${quote(gate.name)}, expected unique names`,
          },
        ]
      : [],
  );
}

/** Rates count bad sessions and are bad when high; scores and sentiment say how good a session was and are bad when low. */
export function badDirection(gate: { readonly of?: string | undefined; readonly name?: string | undefined }) {
  const metric = metricOf(gate);
  return metric.startsWith("score.") || metric === "sentiment" ? "decrease" : "increase";
}

function metricOf({ of, name }: { readonly of?: string | undefined; readonly name?: string | undefined }): string {
  return of ?? name ?? "";
}

const isValue = (metric: string): boolean => VALUE_METRICS.some((known) => known === metric);
const isTime = (metric: string): boolean => TIME_METRICS.some((known) => known === metric);
const isRate = (metric: string): boolean =>
  /^(?:escalation-rate|error-rate|tool-error-rate|failure-rate|score\..+)$/.test(metric);
const isShare = (metric: string): boolean =>
  /^(?:failed-turns|failed-tool-calls|invalid-arguments|retried-calls)$/.test(metric);

/** Whether a gate without "of" has a metric's name. */
function isNamedMetric({ kind, name = "" }: LooseGate): boolean {
  switch (kind) {
    case "distribution":
    case undefined:
      return true;
    case "proportion":
      return isRate(name);
    case "score":
      return name.startsWith("score.");
    case "mean":
      return isValue(name) || name === "sentiment";
    case "rate":
      return isShare(name);
    case "quantile":
      return isValue(name);
    case "absolute":
      return isRate(name) || isValue(name);
  }
}

function checkMetric(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  const problems: RolloutSpecProblem[] = [];
  if (gate.of === undefined && gate.name !== undefined && !isNamedMetric(gate)) {
    const message = `found ${quote(gate.name)} without "of", expected a metric's name or "of: <metric>"`;
    problems.push({ path: [...path, "name"], message });
  }
  // What is bad about a mean is for its owner to say; of everything else it is known.
  const isFree = gate.kind === "mean" || (gate.kind === "score" && gate.range !== undefined);
  const bad = badDirection(gate);
  if (gate.direction !== undefined && gate.direction !== bad && !isFree) {
    const message = `found ${gate.direction}, expected ${bad}, the bad direction of ${metricOf(gate)}`;
    problems.push({ path: [...path, "direction"], message });
  }
  return problems;
}

function checkObjective(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  const bounds = gate.objective;
  if (bounds === undefined) return [];
  const at = [...path, "objective"];
  if ((bounds.max === undefined) === (bounds.min === undefined)) {
    return [{ path: at, message: "expected exactly one of max and min" }];
  }
  const bad = gate.direction ?? badDirection(gate);
  const expected = bad === "increase" ? "max" : "min";
  const found = bounds[expected];
  if (found === undefined) return [{ path: at, message: `expected ${expected}, because ${bad} is the bad direction` }];
  return [...checkUnit(gate, [...at, expected], found), ...checkRate(gate, [...at, expected], found)];
}

function checkUnit(gate: LooseGate, path: Path, found: string | number): RolloutSpecProblem[] {
  if (gate.kind !== "mean" && gate.kind !== "quantile" && gate.kind !== "absolute") return [];
  const metric = metricOf(gate);
  if (isTime(metric) && typeof found === "number") {
    return [{ path, message: `found ${found}, expected a duration such as "4s", because ${metric} is a time` }];
  }
  if (!isTime(metric) && typeof found === "string") {
    return [{ path, message: `found ${quote(found)}, expected a number, because ${metric} is no time` }];
  }
  return [];
}

/** An absolute bound of 0 or 1 cannot be tested: one bad session, or none, would settle it. */
function checkRate(gate: LooseGate, path: Path, found: string | number): RolloutSpecProblem[] {
  const isCounted = gate.kind === "score" && gate.range === undefined;
  const isPromise = gate.kind === "absolute" && isRate(metricOf(gate));
  if (typeof found !== "number" || !(isCounted || isPromise)) return [];
  const isInside = isPromise ? found > 0 && found < 1 : found >= 0 && found <= 1;
  if (isInside) return [];
  return [
    { path, message: `found ${found}, expected a rate of sessions ${isPromise ? "between 0 and 1" : "from 0 to 1"}` },
  ];
}

function checkForm(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  const problem = (field: string, message: string): RolloutSpecProblem => ({ path: [...path, field], message });
  const problems: RolloutSpecProblem[] = [];
  if (gate.age !== undefined && gate.maturation !== "landmark") {
    problems.push(problem("age", "found an age without maturation: landmark, expected both or neither"));
  }
  if (gate.maturation === "landmark" && gate.segments !== undefined) {
    problems.push(problem("segments", "found segments of a landmark gate, expected two gates: one of each"));
  }
  if (gate.kind === "absolute" && (gate.q !== undefined) !== isValue(metricOf(gate))) {
    const expected = gate.q === undefined ? "a q, because values have no rate" : "none, because rates have no quantile";
    problems.push(problem("q", `found ${gate.q === undefined ? "none" : "one"}, expected ${expected}`));
  }
  return [...problems, ...checkScore(gate, problem), ...checkMargin(gate, path), ...checkDesign(gate, problem)];
}

function checkScore(
  gate: LooseGate,
  problem: (field: string, message: string) => RolloutSpecProblem,
): RolloutSpecProblem[] {
  if (gate.kind !== "score") return [];
  const { range, below, segments } = gate;
  if (range !== undefined && below !== undefined) {
    return [problem("below", "found both below and range, expected one: to count low scores, or to compare means")];
  }
  if (range !== undefined && segments !== undefined) {
    return [
      problem("segments", "found segments of a mean, expected below instead of range: only counts are judged apart"),
    ];
  }
  const method = gate.compare?.method;
  const isMean = range !== undefined;
  if (method === undefined || (isMean ? method === "betting" : method !== "betting")) return [];
  const expected = isMean ? "betting: with a range means are compared" : "eprocess or sprt: rates are compared";
  return [problem("compare", `found method ${method}, expected ${expected}`)];
}

/** What a sequential probability ratio test is designed for, and where it cannot be had. */
function checkDesign(
  { kind, compare, maturation, segments }: LooseGate,
  problem: (field: string, message: string) => RolloutSpecProblem,
): RolloutSpecProblem[] {
  if (kind !== "proportion" && kind !== "score") return [];
  const hasDesign = compare?.mde !== undefined;
  if (compare?.method !== "sprt") {
    return hasDesign ? [problem("compare", "found an mde without method: sprt, expected both or neither")] : [];
  }
  const problems: RolloutSpecProblem[] = [];
  if (!hasDesign) {
    problems.push(
      problem("compare", "found method sprt without an mde, expected the rise to design for, such as 0.04"),
    );
  }
  if (maturation === "landmark") {
    problems.push(problem("maturation", "found a landmark of an sprt, expected eprocess: it is designed for one rate"));
  }
  if (segments !== undefined) {
    problems.push(problem("segments", "found segments of an sprt, expected eprocess: it is designed for one rate"));
  }
  return problems;
}

function checkMargin(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  const margin = gate.compare?.margin;
  if (margin === undefined) return [];
  const at = [...path, "compare", "margin"];
  if (gate.kind === "mean" && typeof margin === "string" && metricOf(gate) === "sentiment") {
    return [
      { path: at, message: `found ${quote(margin)}, expected an amount such as 0.1: sentiment has no zero point` },
    ];
  }
  if (gate.kind === "score" && gate.range === undefined && typeof margin === "number" && margin >= 1) {
    return [{ path: at, message: `found ${margin}, expected a difference of rates below 1, such as 0.04` }];
  }
  return [];
}

function checkRole(gate: LooseGate, path: Path): RolloutSpecProblem[] {
  const role = gate.role ?? (gate.kind === "distribution" ? "signal" : "guardrail");
  if (role !== "guardrail" && isRollback(gate)) {
    return [
      {
        path: [...path, "onFail"],
        message: `found ${gate.onFail} on a ${role} gate, expected pause: only a guardrail rolls back`,
      },
    ];
  }
  if (role !== "guardrail" && gate.critical === true) {
    return [{ path: [...path, "critical"], message: `found a critical ${role} gate, expected role: guardrail` }];
  }
  if (
    role === "guardrail" &&
    gate.critical !== undefined &&
    gate.onFail !== undefined &&
    gate.critical !== isRollback(gate)
  ) {
    return [
      {
        path: [...path, "onFail"],
        message: `found onFail: ${gate.onFail} with critical: ${gate.critical}, expected a critical guardrail to roll back and any other to pause`,
      },
    ];
  }
  return [];
}

function isRollback({ onFail }: LooseGate): boolean {
  return onFail === "rollback" || onFail === "rollback+evict" || onFail === "freeze";
}

function quote(found: string): string {
  return JSON.stringify(found.slice(0, 100));
}
