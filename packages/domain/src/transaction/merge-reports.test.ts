import * as fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseSessionId } from "../routing/ids.ts";
import { conflictOfTransactions, mergeReports, mergeTransaction, type KeptTransaction } from "./merge-reports.ts";
import {
  formatTransactionKey,
  parseTransactionId,
  parseTransactionTool,
  type TransactionReport,
} from "./transaction.ts";

const SESSION = parseSessionId("s-1");
const anyKey = fc.record({
  agent: fc.constantFrom(parseAgentName("support"), parseAgentName("sales")),
  tool: fc.constantFrom("refund", "book"),
  id: fc.constantFrom(parseTransactionId("1"), parseTransactionId("2")),
});
const anyReport: fc.Arbitrary<TransactionReport> = fc.oneof(
  anyKey.map((key) => ({ state: "closed" as const, ...key, closedAt: 9 })),
  fc
    .tuple(anyKey, fc.constantFrom(null, digestOf("2.3.0")))
    .map(([key, release]) => ({ state: "open" as const, ...key, session: SESSION, release, openedAt: 1 })),
);

/** What a store holds after batches, as its adapters do it. */
function heldAfter(batches: readonly (readonly TransactionReport[])[]): ReadonlyMap<string, KeptTransaction> {
  const held = new Map<string, KeptTransaction>();
  for (const change of batches.flatMap((batch) => mergeReports(batch).changes)) {
    const key = formatTransactionKey(change);
    held.set(key, mergeTransaction(held.get(key) ?? change, change));
  }
  return held;
}

test("what is held never depends on the order of the reports, on how they were posted, or on how often", () => {
  fc.assert(
    fc.property(fc.array(anyReport, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (reports, picks) => {
      const shuffled = reports
        .map((report) => ({ report, at: picks.next().value ?? 0 }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ report }) => report);
      const whole = heldAfter([reports]);
      for (const batches of [shuffled.map((one) => [one]), [shuffled], [shuffled, reports]]) {
        const other = heldAfter(batches);
        expect(new Set(other.keys())).toEqual(new Set(whole.keys()));
        for (const [key, one] of other) expect(one).toEqual(whole.get(key));
      }
    }),
  );
});

test("what was reported closed is never open afterwards, whatever comes before and behind it", () => {
  fc.assert(
    fc.property(fc.array(anyReport), fc.array(anyReport), anyKey, (before, behind, key) => {
      const held = heldAfter([before, [{ state: "closed", ...key, closedAt: 9 }], behind]);
      expect(held.get(formatTransactionKey(key))?.closedAt).toBe(9);
    }),
  );
});

test("only an opening of another session is a conflict", () => {
  const key = { agent: parseAgentName("support"), tool: "refund", id: parseTransactionId("1") };
  const mine = { ...key, session: SESSION, release: null, openedAt: 1, closedAt: null };
  const closing = { ...mine, session: null, openedAt: null, closedAt: 2 };
  const other = { ...mine, session: parseSessionId("s-2") };
  expect(conflictOfTransactions(mine, mine)).toBeNull();
  expect(conflictOfTransactions(mine, closing)).toBeNull();
  expect(conflictOfTransactions(closing, mine)).toBeNull();
  expect(conflictOfTransactions(mine, other)).toEqual({ ...key, session: other.session, heldBy: SESSION });
});

test.each(["", "x".repeat(201), "two\nlines", "\u0000", "\ud800"])("an id or a tool cannot be %j", (text) => {
  expect(() => parseTransactionId(text)).toThrow("expected a transaction's id: 1 to 200 characters");
  expect(() => parseTransactionTool(text)).toThrow("expected a tool's name");
});
