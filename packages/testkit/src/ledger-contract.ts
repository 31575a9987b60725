import { LEDGER_START, verifyChain, type Ledger } from "@perch/domain";
import { expect, test } from "vitest";

/** What every ledger promises. `create` gives a new, empty one. */
export function describeLedger(create: () => Ledger): void {
  const entry = (subject: string, body: Record<string, number> = {}) => ({ subject, type: "happened", at: 1.5, body });

  test("entries come back whole and in order, each naming the hash before it", async () => {
    const ledger = create();
    const first = await ledger.append(entry("a", { n: 1 }), 0);
    const second = await ledger.append(entry("b", { n: 2 }), 0);
    expect(await ledger.readAll(0)).toEqual([first, second]);
    expect([first.sequence, first.previousHash]).toEqual([1, LEDGER_START]);
    expect([second.sequence, second.previousHash]).toEqual([2, first.hash]);
    expect(second).toMatchObject(entry("b", { n: 2 }));
    verifyChain(await ledger.readAll(0));
  });

  test("a subject's entries are read alone, and an unknown subject has none", async () => {
    const ledger = create();
    const first = await ledger.append(entry("a"), 0);
    await ledger.append(entry("b"), 0);
    const third = await ledger.append(entry("a"), first.sequence);
    expect(await ledger.read("a")).toEqual([first, third]);
    expect(await ledger.read("c")).toEqual([]);
    expect(await ledger.readAll(first.sequence)).toHaveLength(2);
  });

  test("of two appends that saw the same state the second is refused and leaves nothing behind", async () => {
    const ledger = create();
    const first = await ledger.append(entry("a"), 0);
    const raced = await Promise.allSettled([
      ledger.append(entry("a", { n: 1 }), first.sequence),
      ledger.append(entry("a", { n: 2 }), first.sequence),
    ]);
    expect(raced.map((result) => result.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(ledger.append(entry("a"), 0)).rejects.toMatchObject({ code: "conflict" });
    expect(await ledger.readAll(0)).toHaveLength(2);
    verifyChain(await ledger.readAll(0));
  });

  test("what a caller changes after the append does not change the ledger", async () => {
    const ledger = create();
    const body = { n: 1 };
    await ledger.append({ ...entry("a"), body }, 0);
    body.n = 2;
    verifyChain(await ledger.readAll(0));
    expect((await ledger.read("a"))[0]?.body).toEqual({ n: 1 });
  });
}
