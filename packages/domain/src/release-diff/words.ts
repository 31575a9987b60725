import type { TextDiff } from "../text-diff/text-diff.ts";
import type { Breaks } from "./change.ts";

/** `2 lines added, 1 removed` */
export function linesWords({ addedLines, removedLines }: TextDiff): string {
  const lines = (count: number): string => `${count} ${count === 1 ? "line" : "lines"}`;
  if (removedLines === 0) return `${lines(addedLines)} added`;
  return addedLines === 0 ? `${lines(removedLines)} removed` : `${lines(addedLines)} added, ${removedLines} removed`;
}

/** `breaking for agents and callers`; empty when it breaks nobody. */
export function breaksWords({ agents, callers }: Breaks): string {
  const whom = [...(agents ? ["agents"] : []), ...(callers ? ["callers"] : [])];
  return whom.length === 0 ? "" : `breaking for ${whom.join(" and ")}`;
}

/** `changed from "a" to "b"`, `"b" is new`, `"a" is gone`: for values as JSON text. */
export function fromToWords(what: string, from: string | null, to: string | null): string {
  if (from === null) return `${what} ${to} is new`;
  return to === null ? `${what} ${from} is gone` : `${what} changed from ${from} to ${to}`;
}

const MOST_LISTED = 12;

/** The first of a list, and how many more there are. */
export function listWords(items: readonly string[], between: string): string {
  const shown = items.slice(0, MOST_LISTED).join(between);
  return items.length <= MOST_LISTED ? shown : `${shown} and ${items.length - MOST_LISTED} more`;
}
