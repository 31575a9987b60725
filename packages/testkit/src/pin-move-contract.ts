import { movePin, parseGatewayId, parseSessionId, type MoveWish, type Pin, type PinStore } from "@perch/domain";
import { expect, test } from "vitest";
import type { PinStoreSuite } from "./pin-alias-contract.ts";
import { aMove, aPin } from "./routing-builders.ts";

const before = aPin({ assignedAt: 40 });
const { agent, session } = before;
const move = aMove();

function movedBy(gateway: string, pin: Pin = before, to = move.to): Pin {
  const revision = { epoch: 1, sequence: 7 };
  const by = { revision, gateway: parseGatewayId(gateway), now: 50 };
  return movePin(pin, { move: { ...move, to }, arm: "canary", boundary: "agent", ...by });
}

const after = movedBy("gw-2");
const wish: MoveWish = { from: move.from, pin: after, turn: null };
const mark = (turn: string) => ({ agent, session, turn });

/** What every pin store promises about moving sessions. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeMoves({ open, pass, ttlMs }: PinStoreSuite): void {
  test("a session is moved from where it is, and every later claim gets the moved pin whole", async () => {
    const store = await open();
    await store.claim(before, ttlMs);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "moved", pin: after });
    expect(await store.claim(before, ttlMs)).toEqual(after);
    expect(await store.find(agent, session)).toEqual(after);
    expect([await store.countLive(agent, move.from), await store.countLive(agent, move.to)]).toEqual([0, 1]);
    await store.close();
  });

  test("a session that is elsewhere, or nowhere, is not moved, and it is told where it is", async () => {
    const store = await open();
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "elsewhere", pin: null });
    await store.claim(before, ttlMs);
    await store.move(wish, ttlMs);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "elsewhere", pin: after });
    expect(await store.move({ ...wish, from: move.to }, ttlMs)).toEqual({ kind: "elsewhere", pin: after });
    await store.close();
  });

  test("a session that was moved there and back is not taken for one that never was", async () => {
    const store = await open();
    await store.claim(before, ttlMs);
    await store.move(wish, ttlMs);
    const back = movedBy("gw-1", after, move.from);
    await store.move({ from: move.to, pin: back, turn: null }, ttlMs);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "elsewhere", pin: back });
    expect(back.moved?.times).toBe(2);
    await store.close();
  });

  test("an expired pin is not moved", async () => {
    const store = await open();
    await store.claim(before, ttlMs);
    await pass(1.1);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "elsewhere", pin: null });
    await store.close();
  });

  test("a move renews the pin", async () => {
    const store = await open();
    await store.claim(before, ttlMs);
    await pass(0.6);
    await store.move(wish, ttlMs);
    await pass(0.6);
    expect(await store.find(agent, session)).toEqual(after);
    await store.close();
  });

  test("never while another turn is under way, and then when it is over", async () => {
    const store = await open();
    await store.claim(before, ttlMs);
    await store.mark(mark("one"), ttlMs);
    await store.mark(mark("two"), ttlMs);
    expect(await store.move({ ...wish, turn: "one" }, ttlMs)).toEqual({ kind: "busy" });
    await store.unmark(mark("two"), ttlMs);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "busy" });
    expect(await store.move({ ...wish, turn: "one" }, ttlMs)).toEqual({ kind: "moved", pin: after });
    expect((await store.mark(mark("three"), ttlMs)).others).toBe(0);
    await store.close();
  });

  test("a mark ends by itself, unless it is made again", async () => {
    const store = await open();
    await store.claim(before, 10 * ttlMs);
    await store.mark(mark("of a gateway that died"), ttlMs);
    await pass(0.6);
    await store.mark(mark("of a gateway that died"), ttlMs);
    await pass(0.6);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "busy" });
    await pass(0.6);
    expect(await store.move(wish, ttlMs)).toEqual({ kind: "moved", pin: after });
    await store.close();
  });

  test("a mark tells where the session is, what else is under way, and for how long it was quiet", async () => {
    const store = await open();
    expect(await store.mark(mark("zero"), ttlMs)).toEqual({ pin: null, others: 0, quietMs: null });
    await store.unmark(mark("zero"), ttlMs);
    await store.claim(before, 10 * ttlMs);
    expect(await store.mark(mark("one"), ttlMs)).toMatchObject({ pin: before, others: 0 });
    expect(await store.mark(mark("two"), ttlMs)).toMatchObject({ pin: before, others: 1 });
    await store.unmark(mark("one"), 10 * ttlMs);
    await store.unmark(mark("two"), 10 * ttlMs);
    await pass(0.5);
    const { quietMs, others } = await store.mark(mark("three"), ttlMs);
    expect(others).toBe(0);
    expect(quietMs).toBeGreaterThanOrEqual(0.5 * ttlMs);
    await store.close();
  });

  test("of two pins that were decided apart, the one that was moved stays, whichever is merged first", async () => {
    for (const [one, two] of [
      [before, after],
      [after, before],
    ] as const) {
      const store = await open();
      await store.merge(one, ttlMs);
      expect(await store.merge(two, ttlMs)).toEqual(after);
      expect(await store.find(agent, session)).toEqual(after);
      await store.close();
    }
  });
}

/** What two stores on the same pins promise each other about moves. */
export function describeSharedMoves(createTwo: () => Promise<readonly [PinStore, PinStore]>): void {
  test("of 32 moves of a session at once through two gateways, one wins and all others learn of it", async () => {
    const [one, two] = await createTwo();
    await one.claim(before, 10_000);
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        (index % 2 === 0 ? one : two).move({ ...wish, pin: movedBy(`gw-${index}`) }, 10_000),
      ),
    );
    const won = outcomes.filter(({ kind }) => kind === "moved");
    expect(won).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "elsewhere")).toHaveLength(31);
    expect(await two.find(agent, session)).toEqual(won[0]?.kind === "moved" ? won[0].pin : null);
    await Promise.all([one.close(), two.close()]);
  });

  test("a turn that one gateway marks keeps the other from moving its session, or sees it moved: never neither", async () => {
    const [one, two] = await createTwo();
    for (let round = 0; round < 20; round += 1) {
      const pin = { ...before, session: parseSessionId(`${session}-${round}`) };
      await one.claim(pin, 10_000);
      const [marked, outcome] = await Promise.all([
        one.mark({ agent, session: pin.session, turn: "t" }, 10_000),
        two.move({ from: move.from, pin: movedBy("gw-2", pin), turn: null }, 10_000),
      ]);
      expect(marked.pin?.release === move.to).toBe(outcome.kind === "moved");
    }
    await Promise.all([one.close(), two.close()]);
  });

  test("claims that race with a move get either pin, and the moved one from then on", async () => {
    const [one, two] = await createTwo();
    await one.claim(before, 10_000);
    const [outcome, ...claims] = await Promise.all([
      one.move(wish, 10_000),
      ...Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? one : two).claim(before, 10_000)),
    ]);
    expect(outcome).toEqual({ kind: "moved", pin: after });
    for (const { release } of claims) expect([move.from, move.to]).toContain(release);
    expect(await two.claim(before, 10_000)).toEqual(after);
    await Promise.all([one.close(), two.close()]);
  });
}
