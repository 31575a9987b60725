import { aMove, aPin, aPinMove } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { explainPin } from "./explain-pin.ts";
import { parseGatewayId, parseRolloutId, parseSessionId } from "./ids.ts";
import { moveOf, movePin, moveRecordOf, outranks } from "./move.ts";

const rollout = parseRolloutId("support-2-3-1");
const third = digestOf("support 2.4.0");
const pin = aPin({ rollout, step: 2, weightBp: 500, bucket: 7, seed: "s", assignedAt: 40, override: "token" });
const by = { arm: "canary", boundary: "agent", revision: { epoch: 2, sequence: 3 }, now: 90 } as const;
const move = aMove();
const moved = movePin(pin, { ...by, move, gateway: parseGatewayId("gw-2") });

test("a moved pin belongs to no rollout any more, and remembers which it was", () => {
  expect(moved).toEqual({
    ...aPin({ assignedAt: 40, arm: "canary", release: move.to, revision: by.revision }),
    gateway: "gw-2",
    moved: { move: move.id, mode: "migrate", boundary: "agent", from: pin.release, rollout, at: 90, times: 1 },
  });
});

test("the turns of a moved session are mirrored no more", () => {
  const mirrored = aPin({ shadow: { rollout, release: third } });
  expect(movePin(mirrored, { ...by, move, gateway: pin.gateway }).shadow).toBeNull();
});

test("a second move counts on, and still tells the rollout from before the first", () => {
  const again = movePin(moved, { ...by, move: aMove({ from: move.to, to: third }), gateway: parseGatewayId("gw-1") });
  expect(again).toMatchObject({ release: third, moved: { times: 2, from: move.to, rollout } });
});

test("whoever derives the record of a move derives the same one, and another move has another", () => {
  const record = moveRecordOf(moved);
  expect(moveRecordOf({ ...moved })).toEqual(record);
  expect(record).toMatchObject({ kind: "move", from: pin.release, to: move.to, gateway: "gw-2", at: 90, times: 1 });
  const others = [
    { ...moved, session: parseSessionId("another") },
    { ...moved, release: third },
    { ...moved, moved: aPinMove({ times: 2 }) },
  ];
  expect(new Set([moved, ...others].map((one) => moveRecordOf(one)?.id)).size).toBe(4);
  expect(moveRecordOf(pin)).toBeNull();
});

test("the pin that was moved more often outranks the other, then the one that was assigned first", () => {
  const early = aPin({ assignedAt: 1 });
  expect([outranks(moved, early), outranks(early, moved)]).toEqual([true, false]);
  expect([outranks(early, pin), outranks(pin, early), outranks(pin, pin)]).toEqual([true, false, false]);
});

test("a move of this very session goes before one of all, and one of another session does not count", () => {
  const own = aMove({ session: pin.session, to: third });
  const foreign = aMove({ session: parseSessionId("another") });
  expect(moveOf([foreign, move, own], pin)).toBe(own);
  expect(moveOf([foreign, move], pin)).toBe(move);
  expect(moveOf([foreign], pin)).toBeNull();
  expect(moveOf([move], moved)).toBeNull();
});

test("a moved pin is explained by its move", () => {
  expect(explainPin(moved)).toBe(
    `move support.1 (migrate) took it away from ${pin.release} at 1970-01-01T00:00:00.090Z, where its agent said that it was safe`,
  );
  expect(explainPin({ ...moved, moved: aPinMove({ boundary: "idle", times: 2 }) })).toMatch(
    /after it had been quiet for long enough \(its move number 2\)$/,
  );
});
