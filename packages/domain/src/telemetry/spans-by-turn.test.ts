import * as fc from "fast-check";
import { aSpan, aTurnRecord } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseSessionId } from "../routing/ids.ts";
import type { Attribution, Span } from "./span.ts";
import { spansByTurn, spansNaming } from "./spans-by-turn.ts";

const SESSION = parseSessionId("session-1");
const OTHER = parseSessionId("session-2");
const RELEASE = digestOf("support 2.3.0");

const turnAt = (id: string, startedAt: number) => aTurnRecord({ id, traceId: `turn ${id}`, startedAt });
const spanAt = (traceId: string, startedAt: number) => aSpan({ traceId, spanId: `${traceId} ${startedAt}`, startedAt });

describe("the turn of a trace", () => {
  const turns = [turnAt("b", 2000), turnAt("a", 1000), aTurnRecord({ id: "end", kind: "sessionEnd", startedAt: 2400 })];

  test.each([
    [1999, "turn a"],
    [2000, "turn b"],
    [9000, "turn b"],
    [10, "turn a"],
  ])("that nobody recorded and that began at %i is the one that was under way", (startedAt, turn) => {
    expect([...spansByTurn({ turns, spans: [spanAt("own", startedAt)] }).keys()]).toEqual([turn]);
  });

  test("is the same for all of its spans, whenever each of them began", () => {
    const spans = [spanAt("own", 2500), spanAt("own", 1500), spanAt("turn b", 2100)];
    expect([...spansByTurn({ turns, spans })]).toEqual([
      ["turn a", spans.slice(0, 2)],
      ["turn b", spans.slice(2)],
    ]);
  });

  test("is its own where a turn's record names it, whatever the clocks say", () => {
    const spans = [spanAt("turn a", 2500)];
    expect([...spansByTurn({ turns, spans })]).toEqual([["turn a", spans]]);
  });

  test("loses no span and doubles none, and never depends on the order of turns", () => {
    const traces = fc.constantFrom("turn a", "turn b", "x", "y");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(traces, fc.integer({ min: 0, max: 3000 }))),
        fc.shuffledSubarray(turns, { minLength: 3 }),
        (drawn, shuffled) => {
          const spans = drawn.map(([trace, at]) => spanAt(trace, at));
          const groups = spansByTurn({ turns: shuffled, spans });
          expect([...groups.values()].flat()).toHaveLength(spans.length);
          expect(groups).toEqual(spansByTurn({ turns, spans }));
        },
      ),
    );
  });
});

describe("of a trace that no turn's record names, a session has", () => {
  const saying = (spanId: string, change: Partial<Attribution>): Span =>
    aSpan({ spanId, attribution: { ...aSpan().attribution, ...change } });
  const own = saying("own", { session: SESSION, release: RELEASE });
  const idsOf = (trace: readonly Span[], isShared = false) =>
    spansNaming(trace, { session: SESSION }, { releases: new Set([RELEASE]), isShared }).map(({ spanId }) => spanId);

  test("what names it, and what is beside that and names none", () => {
    expect(idsOf([saying("silent", {}), own])).toEqual(["silent", "own"]);
    expect(idsOf([saying("silent", {})])).toEqual([]);
  });

  test("nothing that names another session, another agent's release or a shadow", () => {
    expect(idsOf([own, saying("other", { session: OTHER, release: RELEASE })])).toEqual(["own"]);
    expect(idsOf([saying("foreign", { session: SESSION, release: digestOf("sales 1.0.0") })])).toEqual([]);
    expect(idsOf([saying("shadow", { session: SESSION, release: RELEASE, arm: "shadow" })])).toEqual([]);
    expect(idsOf([own, saying("shadow", { arm: "shadow" })])).toEqual(["own"]);
  });

  test("what names it without a release, unless another agent has a session of the same id", () => {
    const bare = saying("bare", { session: SESSION });
    expect(idsOf([bare])).toEqual(["bare"]);
    expect(idsOf([bare], true)).toEqual([]);
  });
});
