import type { Anchor, ChainBreak, ChainBreakKind, LedgerEntry } from "@perch/domain";
import { formatAnchor } from "./parse-anchor.ts";

export type Verification = {
  readonly place: string;
  readonly entries: readonly LedgerEntry[];
  readonly anchor: Anchor | null;
  readonly broken: ChainBreak | null;
};

const MEANING: Readonly<Record<ChainBreakKind, string>> = {
  altered: "it is not what was appended",
  missing: "it is not there",
  reordered: "another entry stands in its place",
  forged: "it, or the entry before it, was put in later",
  cut: "the ledger was cut off here",
  rewritten: "it, and perhaps what is before it, was written anew",
};

/** For people. */
export function describeVerification({ place, entries, anchor, broken }: Verification): string {
  if (broken !== null) return describeBreak(broken, { place, entries });
  const head = entries.at(-1);
  if (head === undefined) return `the ledger of ${place} is empty`;
  const since = anchor === null ? "" : `, entry ${anchor.sequence} as noted`;
  return [
    `the ledger of ${place} adds up: ${entries.length} entries${since}`,
    `head  ${formatAnchor(head)}`,
    "Note the head down elsewhere: with --anchor HEAD a later check also finds an end that was cut off or written anew.",
  ].join("\n");
}

/** For programs. */
export function verificationJson({ place, entries, anchor, broken }: Verification): Record<string, unknown> {
  const head = entries.at(-1);
  const counted = { place, entries: entries.length, anchor: anchor === null ? null : formatAnchor(anchor) };
  if (broken === null) return { intact: true, ...counted, head: head === undefined ? null : formatAnchor(head) };
  return { intact: false, ...counted, broken: { ...broken, entry: entryAt(broken, entries) } };
}

function describeBreak(broken: ChainBreak, { place, entries }: Pick<Verification, "place" | "entries">): string {
  const { kind, sequence, found, expected } = broken;
  const entry = entryAt(broken, entries);
  return [
    `the ledger of ${place} is broken at entry ${sequence}: ${MEANING[kind]} (${kind})`,
    `  found     ${found}`,
    `  expected  ${expected}`,
    ...(entry === null
      ? []
      : [`  there     ${entry.type} of ${entry.subject} at ${timeOf(entry.at)}, numbered ${entry.sequence}`]),
    beforeIt(sequence - 1),
  ].join("\n");
}

function beforeIt(count: number): string {
  if (count === 0) return "Nothing is before it.";
  return count === 1 ? "The entry before it adds up." : `The ${count} entries before it add up.`;
}

/** What stands in the broken place, if anything does. */
function entryAt({ sequence }: ChainBreak, entries: readonly LedgerEntry[]): LedgerEntry | null {
  return entries[sequence - 1] ?? null;
}

function timeOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at} ms` : date.toISOString();
}
