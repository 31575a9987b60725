import { z } from "zod";
import { classifierId, type Strategy } from "./strategy.ts";
import { parseRolloutId, type RolloutId } from "./ids.ts";

/** Why a classifier's word does not count. Each leads to the baseline. */
export const UNSURE = [
  "lowConfidence",
  "noIntent",
  "timeout",
  "unreachable",
  "malformed",
  "versionMismatch",
  "busy",
  "circuitOpen",
  "overtaken",
] as const;
export type Unsure = (typeof UNSURE)[number];
export type IntentOutcome = "eligible" | "notIncluded" | Unsure;

/** What a rollout's strategy made of a session at first contact; part of its pin. */
export type Targeting =
  /**
   * The place that the user's id was found in, in a rollout file's words; null when it was nowhere. Neither the id nor a hash
   * of it: whoever has the id can compute the bucket, and whoever can guess ids could guess them from a hash.
   */
  | { readonly kind: "user"; readonly rollout: RolloutId; readonly place: string | null }
  | {
      readonly kind: "intent";
      readonly rollout: RolloutId;
      /** `name@version` */
      readonly classifier: string;
      readonly outcome: IntentOutcome;
      /** Null when the classifier named none. */
      readonly intent: string | null;
      readonly confidence: number | null;
    };
export type IntentTargeting = Extract<Targeting, { kind: "intent" }>;

/** What a session is about, where its classifier was sure enough for its word to count. */
export function intentOf({ targeting }: { readonly targeting: Targeting | null }): string | null {
  if (targeting?.kind !== "intent") return null;
  return targeting.outcome === "eligible" || targeting.outcome === "notIncluded" ? targeting.intent : null;
}

const rollout = z.string().transform(parseRolloutId);

/** A targeting as pin stores and signed pins keep it. */
export const targetingSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user"), rollout, place: z.string().nullable() }),
  z.object({
    kind: z.literal("intent"),
    rollout,
    classifier: z.string(),
    outcome: z.enum(["eligible", "notIncluded", ...UNSURE]),
    intent: z.string().nullable(),
    confidence: z.number().nullable(),
  }),
]);

/** Whom the strategy draws, in the place of a session that could not be looked at for its sake. */
export function untargeted(rollout: RolloutId, strategy: Strategy): Targeting | null {
  switch (strategy.kind) {
    case "session":
      return null;
    case "user":
      return { kind: "user", rollout, place: null };
    case "intent": {
      const classifier = classifierId(strategy.classifier);
      return { kind: "intent", rollout, classifier, outcome: "overtaken", intent: null, confidence: null };
    }
  }
}
