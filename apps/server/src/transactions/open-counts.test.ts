import { digestOf, parseAgentName, parseSessionId, parseTransactionId, type TransactionReport } from "@perch/domain";
import { expect, test } from "vitest";
import { createOpenCounts } from "./open-counts.ts";

const AGENT = parseAgentName("support");
const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const KEY = { agent: AGENT, tool: "refund", id: parseTransactionId("r-1") };
const OPENING: TransactionReport = {
  state: "open",
  ...KEY,
  session: parseSessionId("s-1"),
  release: OLD,
  openedAt: 1,
};

test("before the first count, and from one that failed to the next, nobody knows", () => {
  const counts = createOpenCounts();
  expect(counts.openFor(AGENT, OLD)).toBeNull();
  counts.begin()([]);
  expect(counts.openFor(AGENT, OLD)).toBe(0);
  counts.lose();
  expect(counts.openFor(AGENT, OLD)).toBeNull();
});

test("those of a release that is not known count for every release of their agent", () => {
  const counts = createOpenCounts();
  counts.begin()([
    { agent: AGENT, release: OLD, open: 2 },
    { agent: AGENT, release: null, open: 3 },
    { agent: parseAgentName("sales"), release: null, open: 9 },
  ]);
  expect([counts.openFor(AGENT, OLD), counts.openFor(AGENT, NEW)]).toEqual([5, 3]);
});

test("an opening counts from before it is stored, until a count that began after it", async () => {
  const counts = createOpenCounts();
  counts.begin()([]);
  const early = counts.begin();
  await counts.during([OPENING], async () => {
    expect(counts.openFor(AGENT, OLD)).toBe(1);
    // The count saw the store as it was before.
    early([]);
    expect(counts.openFor(AGENT, OLD)).toBe(1);
  });
  expect(counts.openFor(AGENT, OLD)).toBe(1);
  counts.begin()([]);
  expect(counts.openFor(AGENT, OLD)).toBe(0);
});

test("one that was stored while a count was under way is not missed by it", async () => {
  const counts = createOpenCounts();
  counts.begin()([]);
  const underWay = counts.begin();
  await counts.during([OPENING], async () => {});
  underWay([]);
  expect(counts.openFor(AGENT, OLD)).toBe(1);
});

test("one whose storing failed counts until the store has been asked", async () => {
  const counts = createOpenCounts();
  counts.begin()([]);
  await expect(counts.during([OPENING], () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(counts.openFor(AGENT, OLD)).toBe(1);
  counts.begin()([]);
  expect(counts.openFor(AGENT, OLD)).toBe(0);
});
