import type { Classification } from "./classification.ts";
import { extractSession } from "./extract-session.ts";
import { createLinearPattern } from "./linear-pattern.ts";
import { pathFits } from "./match-path.ts";
import type { RequestHead } from "./request-head.ts";
import type { ClassifierRule, RuleCondition } from "./strategy.ts";

/** What of a turn is classified. */
export type Utterance = {
  readonly head: RequestHead;
  /** The path as the agent sees it: without the agent's prefix. */
  readonly agentPath: string;
  /** The beginning of the body, or of a WebSocket's first message. */
  readonly body: string;
  /** The user's words, as far as they are looked at. */
  readonly text: string;
};

/** Rules made ready for use. They say the same of the same turn for ever, and at once. */
export type PreparedRules = (utterance: Utterance) => Classification;

/** Throws `RoutingError` `rule_malformed` for a pattern that is none. */
export function prepareRules(rules: readonly ClassifierRule[]): PreparedRules {
  const prepared = rules.map(({ intent, confidence, when }) => ({ intent, confidence, when: when.map(prepare) }));
  return (utterance) => {
    const plain: PlainUtterance = { ...utterance, text: plainText(utterance.text) };
    const rule = prepared.find(({ when }) => when.every((holds) => holds(plain)));
    return rule === undefined
      ? { kind: "unsure", reason: "noIntent" }
      : { kind: "intent", intent: rule.intent, confidence: rule.confidence };
  };
}

/** The text in lower case, and one way to write each character. */
type PlainUtterance = Utterance;

function prepare(condition: RuleCondition): (utterance: PlainUtterance) => boolean {
  switch (condition.kind) {
    case "method":
      return ({ head }) => head.method === condition.method;
    case "path":
      return ({ agentPath }) => pathFits(agentPath, condition.template);
    case "header":
      return ({ head }) => head.header(condition.name) === condition.equals;
    case "json":
      return (utterance) => jsonAt(condition.pointer, utterance) === condition.equals;
    case "words": {
      const wanted = condition.anyOf.map(plainText);
      return ({ text }) => wanted.some((words) => hasWords(text, words));
    }
    case "contains": {
      const wanted = condition.anyOf.map(plainText);
      return ({ text }) => wanted.some((part) => text.includes(part));
    }
    case "matches":
      return (
        (fits) =>
        ({ text }: PlainUtterance) =>
          fits(text)
      )(createLinearPattern(condition.pattern));
  }
}

function jsonAt(pointer: string, { head, agentPath, body }: PlainUtterance): string | null {
  const found = extractSession({ kind: "json", pointer }, { head, agentPath, body, frame: "" });
  return found.kind === "found" ? found.value : null;
}

function plainText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Whole words: what stands next to them is no part of a word. */
function hasWords(text: string, words: string): boolean {
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    if (!endsInWord(text.slice(0, at)) && !beginsWithWord(text.slice(at + words.length))) return true;
  }
  return false;
}

function endsInWord(text: string): boolean {
  return /[\p{L}\p{N}_]$/u.test(text.slice(-2));
}

function beginsWithWord(text: string): boolean {
  return /^[\p{L}\p{N}_]/u.test(text.slice(0, 2));
}
