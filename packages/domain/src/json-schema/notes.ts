import type { Comparison, ViewPair } from "./comparison.ts";
import { memberOf, sameJson, shortJson } from "./json.ts";
import { ANNOTATIONS, STRUCTURE, UNDERSTOOD } from "./keywords.ts";
import { note } from "./schema-change.ts";
import { WHOLE_KEYWORDS } from "./whole-keywords.ts";

/** Reports what changed for readers only: descriptions, defaults, examples, and keywords that JSON Schema does not know. */
export function compareNotes({ before, after }: ViewPair, { path, report }: Comparison): void {
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [memberOf(before, keyword), memberOf(after, keyword)];
    if (isNote(keyword) && !sameJson(was, is)) {
      report(note({ path, keyword }, `${keyword} ${shortJson(was)} → ${shortJson(is)}`));
    }
  }
}

function isNote(keyword: string): boolean {
  if (ANNOTATIONS.has(keyword)) return true;
  return !STRUCTURE.has(keyword) && !UNDERSTOOD.has(keyword) && !WHOLE_KEYWORDS.has(keyword);
}
