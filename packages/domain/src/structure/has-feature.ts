import type { Structure } from "../gate/gate-spec.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { featureKey, type Feature } from "./feature.ts";
import { featuresOf } from "./features-of.ts";

/** Which of the frozen features a session has, in their order. */
export function createFeatureReader(
  frozen: readonly Feature[],
  structure: Structure,
): (session: MaturedSession) => readonly boolean[] {
  const keys = frozen.map(featureKey);
  const known = new Set(keys);
  return (session) => {
    const own = featuresOf(session, structure);
    const ownKeys = new Set(own.map(featureKey));
    const hasUnknown = (kind: "follows" | "shape"): boolean =>
      own.some((feature) => feature.kind === kind && !known.has(featureKey(feature)));
    return frozen.map((feature, i) => {
      if (feature.kind === "unknownOrder") return hasUnknown("follows");
      if (feature.kind === "unknownShape") return hasUnknown("shape");
      if (feature.kind === "moreCalls") return session.toolSequence.length > feature.than;
      return ownKeys.has(keys[i] ?? "");
    });
  };
}
