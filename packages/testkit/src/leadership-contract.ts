import type { Leadership, Ledger, ServerState } from "@perch/domain";
import { expect, test } from "vitest";

/** A leadership, and what its epochs are for. `pass` lets the store's clock go on. */
export type LeadershipStore = {
  readonly leadership: Leadership;
  readonly ledger: Ledger;
  readonly state: Pick<ServerState, "nextEpoch">;
  readonly pass: (ms: number) => Promise<void>;
};

const LONG_MS = 60_000;
const SHORT_MS = 40;
const a = { term: "term-a", url: "http://a" };
const b = { term: "term-b", url: "http://b" };

/** What every leadership promises. `create` gives a new one that nobody has. */
export function describeLeadership(create: () => Promise<LeadershipStore>): void {
  test("of several that ask at once one leads, and the others are told who", async () => {
    const { leadership } = await create();
    const urls = ["http://a", "http://b", "http://c", "http://d"];
    const claims = await Promise.all(urls.map((url) => leadership.take({ term: `of ${url}`, url }, LONG_MS)));
    const leaders = urls.filter((_, index) => claims[index]?.kind === "leading");
    expect(leaders).toHaveLength(1);
    const told = await leadership.take({ term: "late", url: "http://e" }, LONG_MS);
    expect(told).toMatchObject({ kind: "following", leader: { url: leaders[0], epoch: 1 } });
    expect(told.kind === "following" ? told.leader.remainingMs : 0).toBeGreaterThan(LONG_MS / 2);
  });

  test("a leader that is not heard of is followed by another, under a larger epoch, and never leads again", async () => {
    const { leadership, pass } = await create();
    expect(await leadership.take(a, SHORT_MS)).toEqual({ kind: "leading", epoch: 1 });
    await pass(SHORT_MS + 20);
    expect(await leadership.take(b, LONG_MS)).toEqual({ kind: "leading", epoch: 2 });
    expect([await leadership.keep(a.term, LONG_MS), await leadership.keep(b.term, LONG_MS)]).toEqual([false, true]);
  });

  test("a leader that says so in time keeps the lead", async () => {
    const { leadership, pass } = await create();
    await leadership.take(a, SHORT_MS);
    expect(await leadership.keep(a.term, LONG_MS)).toBe(true);
    await pass(SHORT_MS + 20);
    expect(await leadership.take(b, LONG_MS)).toMatchObject({ kind: "following", leader: { url: "http://a" } });
  });

  test("one that was late keeps the lead as long as nobody has taken it", async () => {
    const { leadership, pass } = await create();
    await leadership.take(a, SHORT_MS);
    await pass(SHORT_MS + 20);
    expect(await leadership.keep(a.term, LONG_MS)).toBe(true);
    expect((await leadership.take(b, LONG_MS)).kind).toBe("following");
  });

  test("a lead that is given up is free at once, and only by who has it", async () => {
    const { leadership } = await create();
    await leadership.take(a, LONG_MS);
    await leadership.giveUp(b.term);
    expect((await leadership.take(b, LONG_MS)).kind).toBe("following");
    await leadership.giveUp(a.term);
    expect(await leadership.take(b, LONG_MS)).toEqual({ kind: "leading", epoch: 2 });
    expect(await leadership.keep(a.term, LONG_MS)).toBe(false);
  });

  describeEpochs(create);
}

/** What the ledger makes of a term that is over. */
function describeEpochs(create: () => Promise<LeadershipStore>): void {
  test("what the deposed leader decides is not recorded, and it gets no further epoch", async () => {
    const { leadership, ledger, state, pass } = await create();
    const entry = { subject: "a", type: "happened", at: 1, body: {} };
    await leadership.take(a, SHORT_MS);
    const first = await ledger.append(entry, 0, 1);
    await pass(SHORT_MS + 20);
    await leadership.take(b, LONG_MS);
    await expect(ledger.append(entry, first.sequence, 1)).rejects.toMatchObject({ code: "deposed" });
    await expect(state.nextEpoch(7, 1)).rejects.toMatchObject({ code: "deposed" });
    expect((await ledger.append(entry, first.sequence, 2)).sequence).toBe(2);
  });

  test("a leader that moves past a gateway's epoch leads on", async () => {
    const { leadership, state, pass } = await create();
    await leadership.take(a, SHORT_MS);
    expect(await state.nextEpoch(7, 1)).toBe(8);
    expect(await leadership.keep(a.term, SHORT_MS)).toBe(true);
    await pass(SHORT_MS + 20);
    expect(await leadership.take(b, LONG_MS)).toEqual({ kind: "leading", epoch: 9 });
  });
}
