import type { TextDiff } from "../text-diff/text-diff.ts";
import type { Change, ComponentDiff, ReleaseDiff, ComparedRelease } from "./change.ts";
import { printable } from "./printable.ts";
import { breaksWords } from "./words.ts";

/** A line of the description of a diff. What it is says how to colour it; its text is safe to print. */
export type DiffLine = {
  readonly kind:
    "title" | "summary" | "warning" | "component" | "breaking" | "change" | "hunk" | "context" | "added" | "removed";
  readonly text: string;
};

/** The difference of two releases in words, line by line. */
export function describeDiff(diff: ReleaseDiff): readonly DiffLine[] {
  const { from, to, direction, summary, warnings, components, orders } = diff;
  const rollback = direction === "older" ? " (an older version, as in a rollback)" : "";
  const lines: readonly (DiffLine | readonly DiffLine[])[] = [
    { kind: "title", text: `${nameOf(from)} → ${nameOf(to)}${rollback}` },
    { kind: "change", text: `${shortDigest(from)} → ${shortDigest(to)}` },
    { kind: "summary", text: summary },
    warnings.map((warning) => ({ kind: "warning", text: `warning: ${warning}` })),
    components.flatMap(describeComponent),
    orders.length === 0 ? [] : [BLANK, { kind: "component", text: "order" }],
    orders.map(({ words }) => ({ kind: "change", text: `    ${words}: the model sees it` })),
  ];
  return lines.flat().map((line) => ({ ...line, text: printable(line.text) }));
}

const BLANK: DiffLine = { kind: "change", text: "" };

function nameOf({ agent, version }: ComparedRelease): string {
  return `${agent}@${version}`;
}

function shortDigest({ digest }: ComparedRelease): string {
  return `${digest.slice(0, "sha256:".length + 12)}…`;
}

function describeComponent({ label, changes }: ComponentDiff): readonly DiffLine[] {
  return [BLANK, { kind: "component", text: label }, ...changes.flatMap(describeChange)];
}

function describeChange(change: Change): readonly DiffLine[] {
  const breaks = breaksWords(change.breaks);
  const line: DiffLine =
    breaks === ""
      ? { kind: "change", text: `    ${change.words}` }
      : { kind: "breaking", text: `  ! ${change.words} — ${breaks}` };
  return [line, ...("text" in change && change.text !== null ? describeText(change.text) : [])];
}

function describeText({ hunks, omittedLines }: TextDiff): readonly DiffLine[] {
  const lines = hunks.flatMap(({ fromLine, fromLines, toLine, toLines, lines }) => [
    { kind: "hunk" as const, text: `      @@ -${fromLine},${fromLines} +${toLine},${toLines} @@` },
    ...lines.map((line) => ({ kind: kindOf(line), text: `      ${line}` })),
  ]);
  if (omittedLines === 0) return lines;
  return [...lines, { kind: "change", text: `      … ${omittedLines} more lines` }];
}

function kindOf(line: string): DiffLine["kind"] {
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "context";
}
