import { LEDGER_START, verifyChain, type Ledger, type ServerState } from "@perch/domain";
import { expect, test } from "vitest";

/** A ledger and the state that its writers' epochs come from. */
export type LedgerStore = { readonly ledger: Ledger; readonly state: Pick<ServerState, "nextEpoch"> };

const entry = (subject: string, body: Record<string, number> = {}) => ({ subject, type: "happened", at: 1.5, body });

/** What every ledger promises. `create` gives a new, empty one, of which no epoch has been given. */
export function describeLedger(create: () => LedgerStore | Promise<LedgerStore>): void {
  test("entries come back whole and in order, each naming the hash before it", async () => {
    const { ledger } = await create();
    const first = await ledger.append(entry("a", { n: 1 }), 0, 0);
    const second = await ledger.append(entry("b", { n: 2 }), 0, 0);
    expect(await ledger.readAll(0)).toEqual([first, second]);
    expect([first.sequence, first.previousHash]).toEqual([1, LEDGER_START]);
    expect([second.sequence, second.previousHash]).toEqual([2, first.hash]);
    expect(second).toMatchObject(entry("b", { n: 2 }));
    verifyChain(await ledger.readAll(0));
  });

  test("a subject's entries are read alone, and an unknown subject has none", async () => {
    const { ledger } = await create();
    const first = await ledger.append(entry("a"), 0, 0);
    await ledger.append(entry("b"), 0, 0);
    const third = await ledger.append(entry("a"), first.sequence, 0);
    expect(await ledger.read("a")).toEqual([first, third]);
    expect(await ledger.read("c")).toEqual([]);
    expect(await ledger.readAll(first.sequence)).toHaveLength(2);
  });

  test("of two appends that saw the same state the second is refused and leaves nothing behind", async () => {
    const { ledger } = await create();
    const first = await ledger.append(entry("a"), 0, 0);
    const raced = await Promise.allSettled([
      ledger.append(entry("a", { n: 1 }), first.sequence, 0),
      ledger.append(entry("a", { n: 2 }), first.sequence, 0),
    ]);
    expect(raced.map((result) => result.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(ledger.append(entry("a"), 0, 0)).rejects.toMatchObject({ code: "conflict" });
    expect(await ledger.readAll(0)).toHaveLength(2);
    verifyChain(await ledger.readAll(0));
  });

  test("what a caller changes after the append does not change the ledger", async () => {
    const { ledger } = await create();
    const body = { n: 1 };
    await ledger.append({ ...entry("a"), body }, 0, 0);
    body.n = 2;
    verifyChain(await ledger.readAll(0));
    expect((await ledger.read("a"))[0]?.body).toEqual({ n: 1 });
  });

  describeWriters(create);
}

function describeWriters(create: () => LedgerStore | Promise<LedgerStore>): void {
  test("a part of the entries is read alone, too", async () => {
    const { ledger } = await create();
    const entries = [];
    for (const subject of ["a", "b", "c", "d"]) entries.push(await ledger.append(entry(subject), 0, 0));
    expect(await ledger.readAll(1, 2)).toEqual(entries.slice(1, 3));
    expect(await ledger.readAll(3, 2)).toEqual(entries.slice(3));
  });

  test("only the holder of the newest epoch appends: one that was deposed writes nothing", async () => {
    const { ledger, state } = await create();
    const old = await state.nextEpoch();
    const first = await ledger.append(entry("a"), 0, old);
    const newest = await state.nextEpoch();
    for (const epoch of [0, old, newest + 1]) {
      await expect(ledger.append(entry("a"), first.sequence, epoch)).rejects.toMatchObject({ code: "deposed" });
    }
    expect(await ledger.readAll(0)).toEqual([first]);
    expect((await ledger.append(entry("a"), first.sequence, newest)).sequence).toBe(2);
  });

  test("appends that come at once are chained one after the other", async () => {
    const { ledger } = await create();
    await Promise.all(Array.from({ length: 20 }, (_, index) => ledger.append(entry(`s${index}`), 0, 0)));
    const entries = await ledger.readAll(0);
    verifyChain(entries);
    expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
}
