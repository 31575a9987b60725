import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainEntry, LEDGER_START, type LedgerEntry } from "./ledger.ts";
import { findBreak, verifyChain } from "./verify-chain.ts";

function aLedger(count: number, text = "weight"): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let at = 1; at <= count; at += 1) {
    entries.push(
      chainEntry(entries.at(-1) ?? null, { subject: "support-2-3-1", type: "synced", at, body: { text, at } }),
    );
  }
  return entries;
}

/** As somebody would put it in who knows how hashes are made. */
function rewrite(entry: LedgerEntry, previous: LedgerEntry | null): LedgerEntry {
  return chainEntry(previous, { ...entry, body: { text: "another" } });
}

describe("the first broken entry of a ledger is named", () => {
  const entries = aLedger(6);
  const at = (index: number): LedgerEntry => entries[index] ?? fail();

  test("that was altered, whatever of it", () => {
    const changes: Partial<LedgerEntry>[] = [
      { at: 99 },
      { subject: "x" },
      { type: "x" },
      { body: { text: "weight", at: 4 } },
      { body: { text: "\ud800" } },
      { hash: LEDGER_START },
      { previousHash: LEDGER_START },
    ];
    for (const change of changes) {
      const broken = findBreak(entries.with(2, { ...at(2), ...change }));
      expect(broken).toMatchObject({ kind: "altered", sequence: 3, found: expect.stringContaining("hash ") });
    }
  });

  test("that is missing", () => {
    expect(findBreak(entries.toSpliced(2, 1))).toEqual({
      kind: "missing",
      sequence: 3,
      found: "entry 4",
      expected: "entry 3",
    });
    expect(findBreak(entries.slice(1))).toMatchObject({ kind: "missing", sequence: 1 });
  });

  test("that was taken out, with those behind it renumbered", () => {
    const closed = entries.toSpliced(2, 1).map((entry, index) => ({ ...entry, sequence: index + 1 }));
    expect(findBreak(closed)).toMatchObject({ kind: "reordered", sequence: 3, found: "what was written as entry 4" });
  });

  test("that stands in another's place, numbered for it or not", () => {
    const swapped = entries.with(2, at(3)).with(3, at(2));
    expect(findBreak(swapped)).toMatchObject({ kind: "reordered", sequence: 3, found: "entry 4" });
    const renumbered = swapped.map((entry, index) => ({ ...entry, sequence: index + 1 }));
    expect(findBreak(renumbered)).toMatchObject({ kind: "reordered", sequence: 3 });
    expect(findBreak(entries.toSpliced(3, 0, at(2)))).toMatchObject({ kind: "reordered", sequence: 4 });
  });

  test("that follows one that was written anew, hash and all", () => {
    const broken = findBreak(entries.with(2, rewrite(at(2), at(1))));
    expect(broken).toMatchObject({
      kind: "forged",
      sequence: 4,
      found: `an entry written after one of hash ${at(2).hash}`,
    });
  });

  test("that was appended without knowing the entry before it", () => {
    const forged = chainEntry({ sequence: 6, hash: LEDGER_START }, at(5));
    expect(findBreak([...entries, forged])).toMatchObject({ kind: "forged", sequence: 7 });
  });

  test("where a note of an entry shows that the end was cut off or written anew", () => {
    const anchor = { sequence: 5, hash: at(4).hash };
    expect(findBreak(entries, anchor)).toBeNull();
    expect(findBreak(entries.slice(0, 3), anchor)).toMatchObject({ kind: "cut", sequence: 4 });
    const again = rewrite(at(3), at(2));
    const tail = [again, rewrite(at(4), again)];
    expect(findBreak([...entries.slice(0, 3), ...tail])).toBeNull();
    expect(findBreak([...entries.slice(0, 3), ...tail], anchor)).toMatchObject({ kind: "rewritten", sequence: 5 });
    expect(findBreak([], anchor)).toMatchObject({ kind: "cut", sequence: 1, found: "no entry at all" });
  });
});

test("a ledger that adds up has no break, and any single change to it is found at its place or right behind it", () => {
  const change = fc.constantFrom<(entries: LedgerEntry[], index: number) => LedgerEntry[]>(
    (entries, index) => entries.map((entry, place) => (place === index ? { ...entry, at: -1 } : entry)),
    (entries, index) => entries.toSpliced(index, 1),
    (entries, index) => entries.map((entry, place) => (place === index ? { ...entry, body: null } : entry)),
    (entries, index) =>
      entries.map((entry, place) => (place === index ? rewrite(entry, entries[index - 1] ?? null) : entry)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), change, (count, pick, change) => {
      const entries = aLedger(count);
      expect(findBreak(entries)).toBeNull();
      // The last one can be taken away or written anew unseen, but by a note of it.
      const index = pick % (count - 1);
      const found = findBreak(change(entries, index))?.sequence ?? 0;
      expect([index + 1, index + 2]).toContain(found);
    }),
  );
});

test("a broken chain is refused with the place and what was found there", () => {
  const entries = aLedger(3);
  expect(() => verifyChain(entries)).not.toThrow();
  expect(() => verifyChain(entries.toSpliced(1, 1))).toThrow(
    "the ledger is broken at entry 2 (missing): found entry 3, expected entry 2",
  );
});

function fail(): never {
  throw new Error("no such entry");
}
