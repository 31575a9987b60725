import { hashOfEntry, LEDGER_START, LedgerError, type LedgerEntry } from "./ledger.ts";

/**
 * `altered`: its content does not have its hash. `missing`: an entry is not there. `reordered`: it stands in another's
 * place. `forged`: whole in itself, but written after another entry than the one before it. `cut`, `rewritten`: the ledger
 * ends before an anchor, or has another entry there.
 */
export type ChainBreakKind = "altered" | "missing" | "reordered" | "forged" | "cut" | "rewritten";

/** The first place where a ledger does not add up. */
export type ChainBreak = {
  readonly kind: ChainBreakKind;
  /** The place in the ledger: 1, 2, 3 … */
  readonly sequence: number;
  readonly found: string;
  readonly expected: string;
};

/** An entry as somebody noted it down elsewhere: a chain alone cannot tell that its end was cut off or written anew. */
export type Anchor = { readonly sequence: number; readonly hash: string };

/** Null for a ledger that adds up, from its first entry on. */
export function findBreak(entries: readonly LedgerEntry[], anchor: Anchor | null = null): ChainBreak | null {
  let previous: LedgerEntry | null = null;
  for (const [index, entry] of entries.entries()) {
    const place = index + 1;
    const broken = entry.sequence === place ? breakIn(entry, previous, entries) : breakOfPlace(entry, place, entries);
    if (broken !== null) return broken;
    if (anchor?.sequence === place && anchor.hash !== entry.hash) {
      return { kind: "rewritten", sequence: place, found: `hash ${entry.hash}`, expected: `hash ${anchor.hash}` };
    }
    previous = entry;
  }
  if (anchor === null || anchor.sequence <= entries.length) return null;
  const found = entries.length === 0 ? "no entry at all" : `${entries.length} as the last entry`;
  return {
    kind: "cut",
    sequence: entries.length + 1,
    found,
    expected: `entry ${anchor.sequence} of hash ${anchor.hash}`,
  };
}

/** Throws `LedgerError` `broken` and names the first entry that was changed, removed or put in. */
export function verifyChain(entries: readonly LedgerEntry[]): void {
  const broken = findBreak(entries);
  if (broken === null) return;
  throw new LedgerError({
    code: "broken",
    message: `the ledger is broken at entry ${broken.sequence} (${broken.kind}): found ${broken.found}, expected ${broken.expected}`,
    hint: "the ledger was changed outside Perch: restore it from a backup, or look into who changed it",
  });
}

function breakOfPlace(entry: LedgerEntry, place: number, entries: readonly LedgerEntry[]): ChainBreak {
  const isElsewhere = entry.sequence < place || entries.some(({ sequence }) => sequence === place);
  return {
    kind: isElsewhere ? "reordered" : "missing",
    sequence: place,
    found: `entry ${entry.sequence}`,
    expected: `entry ${place}`,
  };
}

function breakIn(entry: LedgerEntry, previous: LedgerEntry | null, entries: readonly LedgerEntry[]): ChainBreak | null {
  const { sequence, previousHash } = entry;
  const own = tryHash(entry);
  if (own !== entry.hash) {
    const written = writtenAs(entry, entries);
    if (written !== null) {
      return {
        kind: "reordered",
        sequence,
        found: `what was written as entry ${written}`,
        expected: `entry ${sequence}`,
      };
    }
    return {
      kind: "altered",
      sequence,
      found: `hash ${entry.hash}`,
      expected: `hash ${own ?? "of content that is JSON"}`,
    };
  }
  const before = previous?.hash ?? LEDGER_START;
  if (previousHash === before) return null;
  return {
    kind: "forged",
    sequence,
    found: `an entry written after one of hash ${previousHash}`,
    expected:
      previous === null
        ? "the first entry of a ledger"
        : `one written after entry ${previous.sequence} of hash ${before}`,
  };
}

/** The place that the entry had when it was written, if it is whole but for that. */
function writtenAs(entry: LedgerEntry, entries: readonly LedgerEntry[]): number | null {
  const others = entries.map(({ sequence }) => sequence).filter((sequence) => sequence !== entry.sequence);
  return others.find((sequence) => tryHash({ ...entry, sequence }) === entry.hash) ?? null;
}

function tryHash(entry: LedgerEntry): string | null {
  try {
    return hashOfEntry(entry);
  } catch {
    // Half of a surrogate pair: no entry that was ever appended has one.
    return null;
  }
}
