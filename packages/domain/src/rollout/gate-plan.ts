import type { GateSpec, MeanGate, Metric, Objective, ValueMetric } from "../gate/gate-spec.ts";
import { splitErrorBudget } from "../gate/split-error-budget.ts";
import { parseDurationMs } from "./duration.ts";
import { badDirection } from "./gate-checks.ts";
import type { GateEntry } from "./gate-schema.ts";

type WithoutAlpha<Gate> = Gate extends unknown ? Omit<Gate, "alpha"> : never;
type Planned = WithoutAlpha<GateSpec>;
type EntryOf<Kind extends GateEntry["kind"]> = Extract<GateEntry, { readonly kind: Kind }>;

const DEFAULT_MARGIN = 0.04;
/** Of a mean, relative; of a mean on a range, as a share of that. */
const DEFAULT_MEAN_MARGIN = 0.1;
const DEFAULT_RANGE_MARGIN = 0.05;
const SENTIMENT_RANGE = { low: -1, high: 1 };

/** The gates of a file with defaults filled in and the error budget shared out. Throws `GateError` `budget_overspent`. */
export function planGates(entries: readonly GateEntry[], familyWiseErrorRate: number): readonly GateSpec[] {
  const gates = entries.map(planGate);
  const claims = gates.map((gate, index) => ({ ...gate, weight: entries[index]?.weight ?? null }));
  const alphas = splitErrorBudget(claims, familyWiseErrorRate);
  return gates.map((gate): GateSpec => ({ ...gate, alpha: alphas[gate.name] ?? familyWiseErrorRate }));
}

function planGate(entry: GateEntry): Planned {
  switch (entry.kind) {
    case "proportion":
      return proportionOf(entry);
    case "score":
      return scoreOf(entry);
    case "mean":
      return meanOf(entry);
    case "rate":
      return {
        ...commonOf(entry),
        kind: "rate",
        of: valueMetric(entry),
        objective: objectiveOf(entry.objective),
        margin: { absolute: entry.compare.margin },
        range: { low: 0, high: 1 },
      };
    case "quantile":
      return {
        ...commonOf(entry),
        kind: "quantile",
        of: valueMetric(entry),
        q: entry.q,
        objective: entry.objective === undefined ? null : { max: numberOf(entry.objective.max) },
        margin: shareOf(entry.compare.margin),
      };
    case "distribution":
      return { ...commonOf(entry), kind: "distribution", of: entry.of };
    case "absolute":
      return absoluteOf(entry);
  }
}

function proportionOf(entry: EntryOf<"proportion">): Planned {
  const { maturation, age, segments, compare } = entry;
  return {
    ...commonOf(entry),
    kind: "proportion",
    of: countMetric(entry),
    objective: objectiveOf(entry.objective),
    ...comparedBy(compare),
    ...(segments === undefined ? {} : { segments }),
    ...(maturation === "landmark"
      ? { landmark: { ageMs: age === undefined ? null : numberOf(age), readAt: "age" as const } }
      : {}),
  };
}

function scoreOf(entry: EntryOf<"score">): Planned {
  const of = scoreMetric(entry);
  const shared = { ...commonOf(entry), of, objective: objectiveOf(entry.objective) };
  if (entry.range !== undefined) {
    const [low, high] = entry.range;
    const absolute = entry.compare.margin ?? DEFAULT_RANGE_MARGIN * (high - low);
    return { ...shared, kind: "mean", margin: { absolute }, range: { low, high } };
  }
  const { below, segments } = entry;
  return {
    ...shared,
    kind: "score",
    ...comparedBy(entry.compare),
    ...(below === undefined ? {} : { badBelow: below }),
    ...(segments === undefined ? {} : { segments }),
  };
}

/** What an SPRT is designed to find is also what it has to exclude before a promotion, unless the file says otherwise. */
function comparedBy({ margin, mde }: { readonly margin?: number | undefined; readonly mde?: number | undefined }) {
  return { margin: margin ?? mde ?? DEFAULT_MARGIN, ...(mde === undefined ? {} : { mde }) };
}

function meanOf(entry: EntryOf<"mean">): Planned {
  const of = valueMetric(entry);
  return {
    ...commonOf(entry),
    kind: "mean",
    of,
    objective: objectiveOf(entry.objective),
    margin: meanMargin(entry.compare.margin, of),
    range: of === "sentiment" ? SENTIMENT_RANGE : null,
  };
}

function meanMargin(margin: string | number | undefined, of: ValueMetric): MeanGate["margin"] {
  if (typeof margin === "number") return { absolute: margin };
  if (typeof margin === "string") return { relative: shareOf(margin) };
  if (of !== "sentiment") return { relative: DEFAULT_MEAN_MARGIN };
  return { absolute: DEFAULT_RANGE_MARGIN * (SENTIMENT_RANGE.high - SENTIMENT_RANGE.low) };
}

function absoluteOf(entry: EntryOf<"absolute">): Planned {
  const objective = objectiveOf(entry.objective) ?? { max: 0 };
  const shared = { ...commonOf(entry), kind: "absolute" as const, objective };
  if (entry.q !== undefined) return { ...shared, of: valueMetric(entry), q: entry.q };
  return { ...shared, of: countMetric(entry), q: null };
}

function commonOf(entry: GateEntry): Pick<GateSpec, "name" | "direction" | "role" | "onFail" | "evicts" | "freezes"> {
  // Of tool use, a difference is not yet harm: unless told to, it only pauses.
  const isCritical = entry.critical ?? (entry.kind !== "distribution" || entry.onFail !== undefined);
  const canRollBack = entry.role === "guardrail" && isCritical && entry.onFail !== "pause";
  return {
    name: entry.name,
    direction: ("direction" in entry ? entry.direction : undefined) ?? badDirection(entry),
    role: entry.role,
    onFail: canRollBack ? "rollback" : "pause",
    ...(entry.onFail === "rollback+evict" ? { evicts: true } : {}),
    ...(entry.onFail === "freeze" ? { freezes: true } : {}),
  };
}

type Named = { readonly of?: string | undefined; readonly name: string };

/** The checks have made sure that it names a metric of the kind. */
function valueMetric({ of, name }: Named): ValueMetric {
  return (of ?? name) as ValueMetric;
}

function countMetric({ of, name }: Named): Metric {
  return (of ?? name) as Metric;
}

function scoreMetric({ of, name }: Named): `score.${string}` {
  return (of ?? name) as `score.${string}`;
}

type Written = { readonly max?: string | number | undefined; readonly min?: string | number | undefined };

function objectiveOf(written: Written | undefined): Objective | null {
  if (written?.max !== undefined) return { max: numberOf(written.max) };
  return written?.min === undefined ? null : { min: numberOf(written.min) };
}

function numberOf(written: string | number): number {
  return typeof written === "number" ? written : (parseDurationMs(written) ?? 0);
}

function shareOf(percent: string): number {
  return Number.parseFloat(percent) / 100;
}
