import { aShadowTurn, aTurnRecord, seededRandom } from "@perch/testkit";
import { expect, test } from "vitest";
import { parseSessionId } from "../routing/ids.ts";
import { comparePairs } from "./compare-pairs.ts";
import type { PairEvidence } from "./pair-source.ts";

type Failing = "baseline" | "shadow" | "both" | "neither";

/** A mirrored session of these turns; after its first failure the shadow is asked no more. */
function aPair(nth: number, turns: readonly Failing[]): PairEvidence {
  const session = parseSessionId(`session-${nth}`);
  const end = turns.findIndex((turn) => turn === "shadow" || turn === "both");
  const asked = end === -1 ? turns.length : end + 1;
  const baseline = turns.map((turn, i) =>
    aTurnRecord({
      id: `${nth} ${i}`,
      session,
      ...at(nth, i),
      status: turn === "baseline" || turn === "both" ? 500 : 200,
    }),
  );
  const shadow = turns.slice(0, asked).map((turn, i) => {
    const hasFailed = turn === "shadow" || turn === "both";
    const { traceId: pairedTraceId, startedAt: pairedStartedAt } = at(nth, i);
    const outcome = hasFailed
      ? ({ outcome: "failed", reason: "reset" } as const)
      : ({ outcome: "answered", reason: null } as const);
    return aShadowTurn({ id: `${nth} ${i}`, session, pairedTraceId, pairedStartedAt, ...outcome });
  });
  return { session, baseline, shadow };
}

function at(nth: number, turn: number): { readonly traceId: string; readonly startedAt: number } {
  return { traceId: `trace-${nth}-${turn}`, startedAt: 1000 * nth + turn };
}

/** Sessions of up to six turns in which either arm fails a turn by chance. */
function pairsOf(
  seed: number,
  failing: { readonly baseline: number; readonly shadow: number },
): readonly PairEvidence[] {
  const random = seededRandom(seed);
  return Array.from({ length: 150 }, (_, nth) => {
    const turns = Array.from({ length: 1 + Math.floor(random() * 6) }, (): Failing => {
      const [baseline, shadow] = [random() < failing.baseline, random() < failing.shadow];
      if (baseline && shadow) return "both";
      if (baseline) return "baseline";
      return shadow ? "shadow" : "neither";
    });
    return aPair(nth, turns);
  });
}

test("arms that fail alike are hardly ever told apart, although a shadow that fails is asked no more", () => {
  const rejected = Array.from({ length: 100 }, (_, seed) =>
    comparePairs(pairsOf(seed, { baseline: 0.1, shadow: 0.1 }), 0.01),
  );
  expect(rejected.filter(({ isRejected }) => isRejected).length).toBeLessThanOrEqual(1);
  const sum = (side: "onlyShadow" | "onlyBaseline") =>
    rejected.reduce((total, { failures }) => total + failures[side], 0);
  expect(sum("onlyShadow") / sum("onlyBaseline")).toBeCloseTo(1, 1);
});

test("a shadow that fails twice as often is found", () => {
  const found = Array.from({ length: 10 }, (_, seed) =>
    comparePairs(pairsOf(seed, { baseline: 0.05, shadow: 0.2 }), 0.01),
  );
  expect(found.every(({ isRejected }) => isRejected)).toBe(true);
});

test("a session is judged by the first turn in which the arms differ", () => {
  const { pairs, failures } = comparePairs(
    [
      aPair(1, ["neither", "baseline", "shadow"]),
      aPair(2, ["both", "baseline"]),
      aPair(3, ["neither", "shadow"]),
      aPair(4, ["neither"]),
    ],
    0.01,
  );
  expect({ pairs, ...failures }).toMatchObject({ pairs: 4, onlyShadow: 1, onlyBaseline: 1 });
});

test("what the mirror itself could not do is no fault of the shadow", () => {
  const [turn] = aPair(1, ["neither"]).baseline;
  const dropped = aShadowTurn({ ...pairedWith(1), outcome: "dropped", reason: "queue_full", status: 0 });
  const late = aShadowTurn({ ...pairedWith(1), outcome: "failed", reason: "answer_too_large" });
  for (const shadow of [dropped, late]) {
    const session = parseSessionId("session-1");
    expect(comparePairs([{ session, baseline: turn === undefined ? [] : [turn], shadow: [shadow] }], 0.01).pairs).toBe(
      0,
    );
  }
});

function pairedWith(nth: number) {
  const { traceId, startedAt } = at(nth, 0);
  return { pairedTraceId: traceId, pairedStartedAt: startedAt };
}

test("of the first turns it is told which arm took a fifth longer", () => {
  const session = parseSessionId("session-1");
  const pair = (own: number, mirrored: number): PairEvidence => ({
    session,
    baseline: [aTurnRecord({ ...at(1, 0), durationMs: own })],
    shadow: [aShadowTurn({ ...pairedWith(1), durationMs: mirrored })],
  });
  const { slower } = comparePairs([pair(100, 130), pair(100, 119), pair(130, 100), pair(100, 200)], 0.01);
  expect(slower).toMatchObject({ onlyShadow: 2, onlyBaseline: 1 });
});
