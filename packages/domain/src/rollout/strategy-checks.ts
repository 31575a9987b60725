import { z } from "zod";
import type { RolloutSpecProblem } from "./spec-problem.ts";

// A tolerant reading, as in `spec-checks.ts`.
const given = z.unknown().optional();
const looseClassifier = z.object({
  rules: z.array(z.unknown()).optional().catch(undefined),
  url: given,
  timeout: given,
});
const looseStrategy = z
  .object({
    type: z.string().optional().catch(undefined),
    userKey: given,
    intent: given,
  })
  .catch({});
const looseFile = z.object({ spec: z.object({ strategy: looseStrategy.optional() }).catch({}) }).catch({ spec: {} });
const looseIntent = z.object({ intent: z.object({ classifier: looseClassifier }) });

/** All patterns of a classifier together: what a first turn may cost. */
const MOST_PATTERN_CHARACTERS = 1000;

/** What no single field of a strategy can know. Works on any input. */
export function checkStrategy(file: unknown): readonly RolloutSpecProblem[] {
  const { strategy } = looseFile.parse(file).spec;
  if (strategy === undefined) return [];
  return [
    ...checkField(strategy, { field: "userKey", type: "user", example: "where the user's id stands, e.g. [jwt:sub]" }),
    ...checkField(strategy, {
      field: "intent",
      type: "intent",
      example: "which intents are drawn, by which classifier",
    }),
    ...checkClassifier(strategy),
  ];
}

function checkField(
  strategy: z.infer<typeof looseStrategy>,
  { field, type, example }: { field: "userKey" | "intent"; type: string; example: string },
): RolloutSpecProblem[] {
  const path = ["spec", "strategy", field];
  const isOfType = (strategy.type ?? "session") === type;
  if (isOfType && strategy[field] === undefined) return [{ path, message: `found nothing, expected ${example}` }];
  if (isOfType || strategy[field] === undefined) return [];
  return [
    { path, message: `found ${field} with type: ${strategy.type ?? "session"}, expected it with type: ${type} only` },
  ];
}

function checkClassifier(strategy: z.infer<typeof looseStrategy>): RolloutSpecProblem[] {
  const parsed = looseIntent.safeParse(strategy);
  if (!parsed.success) return [];
  const { rules, url, timeout } = parsed.data.intent.classifier;
  const path = ["spec", "strategy", "intent", "classifier"];
  const problems: RolloutSpecProblem[] = [];
  if ((rules === undefined) === (url === undefined)) {
    const found = rules === undefined ? "neither rules nor url" : "both rules and url";
    problems.push({ path, message: `found ${found}, expected one of them` });
  }
  if (timeout !== undefined && url === undefined) {
    problems.push({
      path: [...path, "timeout"],
      message: "found a timeout without a url, expected none: rules take no time",
    });
  }
  const characters = (rules ?? []).reduce<number>((sum, rule) => sum + patternLength(rule), 0);
  if (characters > MOST_PATTERN_CHARACTERS) {
    const message = `found patterns of ${characters} characters together, expected at most ${MOST_PATTERN_CHARACTERS}`;
    problems.push({ path: [...path, "rules"], message });
  }
  return problems;
}

const looseRule = z.object({ when: z.object({ matches: z.string() }) });

function patternLength(rule: unknown): number {
  const parsed = looseRule.safeParse(rule);
  return parsed.success ? parsed.data.when.matches.length : 0;
}
