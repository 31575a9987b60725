import { quantileOf } from "@perch/stats";
import type { Structure } from "../gate/gate-spec.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { featureKey, type Feature } from "./feature.ts";
import { featuresOf, hasFamily, REPEATS } from "./features-of.ts";

/** Features that fewer of the baseline's sessions have are left to "unknown": as a share of them, and as a number. */
const LEAST_SHARE = 0.01;
const LEAST_SESSIONS = 3;
/** Evidence is a mean over features: more of them dilute each, and cost time. */
const MOST_FEATURES = 300;
/** Where "more calls than usual" begins, as quantiles of the baseline. */
const USUAL_CALLS = [0.5, 0.9] as const;

export type CountedFeature = { readonly feature: Feature; readonly sessions: number };

/** Features with how many sessions have each, added up over any number of sessions. */
export type GatheredFeatures = { readonly sessions: number; readonly features: readonly CountedFeature[] };

export const NO_FEATURES: GatheredFeatures = { sessions: 0, features: [] };

/** The features of some of the baseline's sessions. Numbers of calls are told exactly here: what is usual is found later. */
export function gatherFeatures(sessions: readonly MaturedSession[], structure: Structure): GatheredFeatures {
  const counted = new Map<string, CountedFeature>();
  for (const session of sessions) {
    const all = [...featuresOf(session, structure), ...callCounts(session, structure)];
    for (const feature of all) addTo(counted, { feature, sessions: 1 });
  }
  return { sessions: sessions.length, features: [...counted.values()] };
}

export function addFeatures(a: GatheredFeatures, b: GatheredFeatures): GatheredFeatures {
  const counted = new Map<string, CountedFeature>();
  for (const one of [...a.features, ...b.features]) addTo(counted, one);
  return { sessions: a.sessions + b.sessions, features: [...counted.values()] };
}

/**
 * The list that is compared from now on: what 1 % of the baseline's sessions have (`statistics.md` 3.6), the most frequent
 * first, and what is not on it as "unknown". Any list fixed before the sessions it is tested on is valid; a poor one only
 * finds less.
 */
export function freezeFeatures({ sessions, features }: GatheredFeatures, structure: Structure): readonly Feature[] {
  const least = Math.max(LEAST_SESSIONS, LEAST_SHARE * sessions);
  const named = features
    .filter(({ feature, sessions: having }) => feature.kind !== "moreCalls" && having >= least)
    .toSorted((a, b) => b.sessions - a.sessions || (featureKey(a.feature) < featureKey(b.feature) ? -1 : 1))
    .slice(0, MOST_FEATURES)
    .map(({ feature }) => feature);
  return [
    ...withUncommon(named, hasFamily(structure, "loops") ? REPEATS : []),
    ...usualCalls(features),
    ...(hasFamily(structure, "order") ? [{ kind: "unknownOrder" } as const] : []),
    ...(hasFamily(structure, "shapes") ? [{ kind: "unknownShape" } as const] : []),
  ];
}

/** A tool that is called has "often" beside it, and runs are there, also where the baseline has none: new loops show so. */
function withUncommon(named: readonly Feature[], repeats: readonly Feature[]): readonly Feature[] {
  const often = named.flatMap((feature): readonly Feature[] =>
    feature.kind === "calls" && feature.atLeast === 1 ? [{ ...feature, atLeast: 4 }] : [],
  );
  return [...new Map([...named, ...often, ...repeats].map((feature) => [featureKey(feature), feature])).values()];
}

function usualCalls(features: readonly CountedFeature[]): readonly Feature[] {
  const numbers = features
    .flatMap(({ feature, sessions }) =>
      feature.kind === "moreCalls" ? Array.from({ length: sessions }, () => feature.than) : [],
    )
    .toSorted((a, b) => a - b);
  if (numbers.length === 0) return [];
  const limits = new Set(USUAL_CALLS.map((q) => quantileOf(numbers, q)));
  return [...limits].map((than) => ({ kind: "moreCalls", than }));
}

function callCounts({ toolSequence }: MaturedSession, structure: Structure): readonly Feature[] {
  return hasFamily(structure, "loops") ? [{ kind: "moreCalls", than: toolSequence.length }] : [];
}

function addTo(counted: Map<string, CountedFeature>, { feature, sessions }: CountedFeature): void {
  const key = featureKey(feature);
  counted.set(key, { feature, sessions: (counted.get(key)?.sessions ?? 0) + sessions });
}
