import type { JsonObject } from "./json.ts";
import type { SchemaEffect } from "./schema-change.ts";

/**
 * Pairs of schemas that have been compared, or are being compared further up: a cycle ends here, as is right for the
 * greatest relation that fits. What a trial inherits from around it is an assumption; what rests on one is not kept.
 */
export type SeenPairs = {
  readonly own: Map<JsonObject, Set<JsonObject>>;
  readonly around: SeenPairs | null;
  restsOnAssumption: boolean;
};

export function noSeenPairs(around: SeenPairs | null): SeenPairs {
  return { own: new Map(), around, restsOnAssumption: false };
}

/** Whether the pair was there already; now it is. */
export function markSeen(before: JsonObject, after: JsonObject, seen: SeenPairs): boolean {
  const others = seen.own.get(before) ?? new Set();
  if (others.has(after)) return true;
  for (let outer = seen.around; outer !== null; outer = outer.around) {
    if (outer.own.get(before)?.has(after) !== true) continue;
    seen.restsOnAssumption = true;
    return true;
  }
  seen.own.set(before, others.add(after));
  return false;
}

/** Effects that have been found out, so that unions in unions are not tried again and again. */
export type KnownEffects = Map<JsonObject, Map<JsonObject, SchemaEffect>>;

export function keepEffect(
  known: KnownEffects,
  pair: { before: JsonObject; after: JsonObject },
  effect: SchemaEffect,
): void {
  const others = known.get(pair.before) ?? new Map<JsonObject, SchemaEffect>();
  known.set(pair.before, others.set(pair.after, effect));
}
