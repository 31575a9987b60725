import { similarityOf, wordsOf } from "../text-diff/similarity.ts";
import { diffText, type TextLimits } from "../text-diff/text-diff.ts";
import { BREAKS_NOBODY, type Change } from "./change.ts";
import { linesWords } from "./words.ts";

export type Prompt = { readonly name: string; readonly role: string; readonly text: string };

/** How similar two prompts are, 0 to 1: the words that they share. */
export function promptSimilarity(before: Prompt, after: Prompt): number {
  if (before.text === after.text) return 1;
  return similarityOf(wordsOf(before.text), wordsOf(after.text)) ?? 0;
}

/** What changed about a prompt. It may make the agent behave otherwise; a contract it never breaks. */
export function diffPrompts(before: Prompt, after: Prompt, limits: TextLimits): readonly Change[] {
  const changes: Change[] = [];
  if (before.name !== after.name) {
    const words = `was called ${JSON.stringify(before.name)}`;
    changes.push({ kind: "renamed", from: before.name, to: after.name, breaks: BREAKS_NOBODY, words });
  }
  if (before.role !== after.role) {
    const words = `changed its role from ${before.role} to ${after.role}`;
    changes.push({ kind: "roleChanged", from: before.role, to: after.role, breaks: BREAKS_NOBODY, words });
  }
  if (before.text !== after.text) {
    const text = diffText(before.text, after.text, limits);
    changes.push({ kind: "textChanged", text, breaks: BREAKS_NOBODY, words: `changed: ${linesWords(text)}` });
  }
  return changes;
}
