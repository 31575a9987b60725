import type { SessionExtractor } from "./session-rules.ts";

/** Whom a rollout draws for its canary. Whoever is not drawn meets the baseline, outside the comparison. */
export type Strategy =
  /** Every new session, by its id. */
  | { readonly kind: "session" }
  /** Users: all new sessions of one user meet the same arm. */
  | { readonly kind: "user"; readonly userKey: readonly SessionExtractor[] }
  /** New sessions whose first turn has one of these intents, by the session's id. */
  | {
      readonly kind: "intent";
      /** Patterns such as `refund.*`. */
      readonly include: readonly string[];
      /** Less confidence than this is none, 0 to 1. */
      readonly minConfidence: number;
      /** Where the user's words stand; empty: in the usual places of a JSON or text body. */
      readonly text: readonly SessionExtractor[];
      readonly classifier: Classifier;
      /** How many of 10,000 later turns are classified again, to see how far the first turn was right. */
      readonly auditBp: number;
    };
export type IntentStrategy = Extract<Strategy, { kind: "intent" }>;

/** Says what a turn is about. Named and versioned apart from every release, so that no canary chooses its own sessions. */
export type Classifier = { readonly name: string; readonly version: string } &
  /** The first rule that fits decides. */
  (
    | { readonly kind: "rules"; readonly rules: readonly ClassifierRule[] }
    /** One of these URLs is asked; answers of another version do not count. */
    | { readonly kind: "http"; readonly urls: readonly string[]; readonly timeoutMs: number }
  );
export type RuleClassifier = Extract<Classifier, { kind: "rules" }>;
export type HttpClassifier = Extract<Classifier, { kind: "http" }>;

export type ClassifierRule = {
  readonly intent: string;
  readonly confidence: number;
  /** All of them have to hold. */
  readonly when: readonly RuleCondition[];
};

export type RuleCondition =
  | { readonly kind: "method"; readonly method: string }
  /** Segments of the path below the agent's prefix: `*` is any one of them, a last `**` any rest. */
  | { readonly kind: "path"; readonly template: string }
  | { readonly kind: "header"; readonly name: string; readonly equals: string }
  /** A pointer into a JSON body. */
  | { readonly kind: "json"; readonly pointer: string; readonly equals: string }
  /** One of these stands in the user's words: `words` as whole words, `contains` anywhere. Case makes no difference. */
  | { readonly kind: "words" | "contains"; readonly anyOf: readonly string[] }
  /** A pattern of `linear-pattern.ts` fits somewhere in the user's words. */
  | { readonly kind: "matches"; readonly pattern: string };

/** How a classifier is called wherever it is told: `support-intents@3`. */
export function classifierId({ name, version }: Pick<Classifier, "name" | "version">): string {
  return `${name}@${version}`;
}
