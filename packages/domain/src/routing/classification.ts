import type { RolloutId } from "./ids.ts";
import { matchesIntent } from "./intent-pattern.ts";
import { classifierId, type IntentStrategy } from "./strategy.ts";
import type { IntentOutcome, IntentTargeting, Unsure } from "./targeting.ts";

/** What a classifier said of a turn, or why it said nothing that counts. */
export type Classification =
  | { readonly kind: "intent"; readonly intent: string; readonly confidence: number }
  | { readonly kind: "unsure"; readonly reason: Unsure };

/** Only an included intent, said with enough confidence, makes a session eligible. */
export function judgeIntent(said: Classification, strategy: IntentStrategy, rollout: RolloutId): IntentTargeting {
  const classifier = classifierId(strategy.classifier);
  if (said.kind === "unsure") {
    return { kind: "intent", rollout, classifier, outcome: said.reason, intent: null, confidence: null };
  }
  const { intent, confidence } = said;
  return { kind: "intent", rollout, classifier, outcome: outcomeOf(said, strategy), intent, confidence };
}

function outcomeOf(
  { intent, confidence }: Extract<Classification, { kind: "intent" }>,
  { include, minConfidence }: IntentStrategy,
): IntentOutcome {
  if (confidence < minConfidence) return "lowConfidence";
  return include.some((pattern) => matchesIntent(intent, pattern)) ? "eligible" : "notIncluded";
}
