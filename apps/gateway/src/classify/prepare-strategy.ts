import {
  checkIntentPattern,
  prepareRules,
  type HttpClassifier,
  type IntentStrategy,
  type PreparedRules,
  type Strategy,
} from "@perch/domain";

/** A strategy made ready for finding out what it needs of a request. */
export type PreparedStrategy =
  | Exclude<Strategy, { kind: "intent" }>
  | {
      readonly kind: "intent";
      readonly strategy: IntentStrategy;
      readonly classifier: { readonly kind: "rules"; readonly say: PreparedRules } | HttpClassifier;
    };

/** Throws `RoutingError` `rule_malformed`. */
export function prepareStrategy(strategy: Strategy): PreparedStrategy {
  if (strategy.kind !== "intent") return strategy;
  for (const pattern of strategy.include) checkIntentPattern(pattern);
  const { classifier } = strategy;
  const prepared =
    classifier.kind === "http" ? classifier : ({ kind: "rules", say: prepareRules(classifier.rules) } as const);
  return { kind: "intent", strategy, classifier: prepared };
}
