import { parseSessionExtractors } from "../routing/parse-session-rules.ts";
import type { ClassifierRule, RuleCondition } from "../routing/strategy.ts";
import type { ClassifierEntry, RuleEntry } from "./classifier-schema.ts";
import { parseDurationMs } from "./duration.ts";
import type { PlannedClassifier, PlannedStrategy } from "./plan.ts";
import type { IntentEntry, StrategyEntry } from "./strategy-schema.ts";

const CLASSIFIER_TIMEOUT = "300ms";

/** The checks have made sure that the fields which the type needs are there. */
export function planStrategy({ type, userKey, intent }: StrategyEntry): PlannedStrategy {
  if (type === "user") return { kind: "user", userKey: (userKey ?? []).flatMap(parseSessionExtractors) };
  return type === "intent" && intent !== undefined ? planIntent(intent) : { kind: "session" };
}

function planIntent({ include, minConfidence, text, classifier, audit }: IntentEntry): PlannedStrategy {
  return {
    kind: "intent",
    include,
    minConfidence,
    text: (text ?? []).flatMap(parseSessionExtractors),
    classifier: planClassifier(classifier),
    auditBp: Math.round(audit.percentage * 100),
  };
}

function planClassifier(entry: ClassifierEntry): PlannedClassifier {
  if (entry === "baseline") return { kind: "baseline" };
  const { name, version, rules, url, timeout = CLASSIFIER_TIMEOUT } = entry;
  return url === undefined
    ? { kind: "rules", name, version, rules: (rules ?? []).map(planRule) }
    : { kind: "http", name, version, url, timeoutMs: parseDurationMs(timeout) ?? 0 };
}

function planRule({ intent, confidence, when }: RuleEntry): ClassifierRule {
  const { method, path, header, json, words, contains, matches } = when;
  const conditions: (RuleCondition | null)[] = [
    // The cheap ones first.
    method === undefined ? null : { kind: "method", method },
    path === undefined ? null : { kind: "path", template: path },
    header === undefined ? null : { kind: "header", name: header.name.toLowerCase(), equals: header.equals },
    json === undefined ? null : { kind: "json", ...json },
    words === undefined ? null : { kind: "words", anyOf: words.map((word) => word.trim()) },
    contains === undefined ? null : { kind: "contains", anyOf: contains },
    matches === undefined ? null : { kind: "matches", pattern: matches },
  ];
  return { intent, confidence, when: conditions.filter((condition) => condition !== null) };
}
