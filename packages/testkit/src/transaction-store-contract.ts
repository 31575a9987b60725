import {
  digestOf,
  parseAgentName,
  parseSessionId,
  parseTransactionId,
  type OpenTransaction,
  type TransactionReport,
  type TransactionStore,
} from "@perch/domain";
import { expect, test } from "vitest";

const [SUPPORT, SALES] = [parseAgentName("support"), parseAgentName("sales")];
const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];

type Opening = Extract<TransactionReport, { state: "open" }>;

function opened(id: string, change: Partial<OpenTransaction> = {}): Opening {
  const session = parseSessionId(`session-of-${id.length}`);
  const whole = { agent: SUPPORT, tool: "refund", id: parseTransactionId(id), session, release: OLD, openedAt: 1000.5 };
  return { state: "open", ...whole, ...change };
}

function closed({ agent, tool, id }: Opening, closedAt = 2000): TransactionReport {
  return { state: "closed", agent, tool, id, closedAt };
}

function openOf({ agent, tool, id, session, release, openedAt }: Opening): OpenTransaction {
  return { agent, tool, id, session, release, openedAt };
}

const everything = async (store: TransactionStore, release: Opening["release"] = OLD, agent = SUPPORT) =>
  await store.open({ agent, release, limit: 100, after: null });

type Create = () => TransactionStore | Promise<TransactionStore>;

/** What every keeper of transactions promises. `create` gives a new, empty one. */
export function describeTransactionStore(create: Create): void {
  describeReports(create);
  describeNames(create);
  describeReading(create);
  describeChanges(create);
}

function describeReports(create: Create): void {
  test("what was opened is open, whole, until it is closed, and says so as often as it is asked", async () => {
    const store = await create();
    const [refund, odd] = [opened("r-1"), opened("größer % als \\ '1'", { tool: "hold a booking", openedAt: 3 })];
    expect(await store.record([refund, odd])).toEqual([]);
    expect(await everything(store)).toEqual([openOf(odd), openOf(refund)]);
    expect(await store.record([closed(odd)])).toEqual([]);
    expect(await everything(store)).toEqual([openOf(refund)]);
    expect(await store.record([closed(refund)])).toEqual([]);
    expect(await everything(store)).toEqual([]);
    expect(await store.openCounts()).toEqual([]);
  });

  test("the same opening again counts once, and what it said first counts", async () => {
    const store = await create();
    const first = opened("r-1");
    await store.record([first, first]);
    expect(await store.record([{ ...first, openedAt: 5000, release: NEW }])).toEqual([]);
    expect(await everything(store)).toEqual([openOf(first)]);
    expect(await store.openCounts()).toEqual([{ agent: SUPPORT, release: OLD, open: 1 }]);
  });

  test("what is closed never opens again, whether its opening comes again or for the first time", async () => {
    const store = await create();
    const [before, late] = [opened("r-1"), opened("r-2")];
    await store.record([before]);
    await store.record([closed(before), closed(late)]);
    await store.record([before, late]);
    await store.record([closed(before, 9000)]);
    expect(await everything(store)).toEqual([]);
  });

  test("of one batch the closing counts, whichever of the two stands first", async () => {
    const store = await create();
    const [a, b] = [opened("a"), opened("b")];
    await store.record([a, closed(a), closed(b), b]);
    expect(await everything(store)).toEqual([]);
  });
}

function describeNames(create: Create): void {
  test("an opening by another session under the same name is a conflict, and nothing of its batch is stored", async () => {
    const store = await create();
    const [mine, other] = [opened("r-1"), opened("r-2")];
    const [x, y] = [parseSessionId("x"), parseSessionId("y")];
    await store.record([mine]);
    const { agent, tool, id, session } = mine;
    const conflict = { agent, tool, id, session: x, heldBy: session };
    expect(await store.record([other, { ...mine, session: x }])).toEqual([conflict]);
    expect(
      await store.record([
        { ...other, session: x },
        { ...other, session: y },
        { ...mine, session: x },
      ]),
    ).toEqual(expect.arrayContaining([conflict, { agent, tool, id: other.id, session: y, heldBy: x }]));
    expect(await everything(store)).toEqual([openOf(mine)]);
    // After its end too: its name is taken for as long as it is remembered.
    await store.record([closed(mine)]);
    expect(await store.record([{ ...mine, session: x }])).toEqual([conflict]);
  });

  test("one name of two tools, or of two agents, is of two transactions", async () => {
    const store = await create();
    const all = [opened("1"), opened("1", { tool: "book" }), opened("1", { agent: SALES, openedAt: 7 })];
    await store.record(all);
    await store.record(all.slice(0, 1).map((one) => closed(one)));
    expect(await everything(store)).toEqual(all.slice(1, 2).map(openOf));
    expect(await everything(store, OLD, SALES)).toEqual(all.slice(2).map(openOf));
  });
}

function describeReading(create: Create): void {
  test("they are counted by agent and release, those of an unknown release apart", async () => {
    const store = await create();
    const session = parseSessionId("s");
    await store.record([
      ...["a", "b", "c"].map((id) => opened(id, { session })),
      opened("d", { session, release: NEW }),
      ...["e", "f"].map((id) => opened(id, { session, release: null })),
      opened("g", { session, agent: SALES, release: null }),
    ]);
    const counts = await store.openCounts();
    expect(counts).toHaveLength(4);
    expect(counts).toEqual(
      expect.arrayContaining([
        { agent: SUPPORT, release: OLD, open: 3 },
        { agent: SUPPORT, release: NEW, open: 1 },
        { agent: SUPPORT, release: null, open: 2 },
        { agent: SALES, release: null, open: 1 },
      ]),
    );
    expect((await everything(store, null)).map(({ id }) => id)).toEqual(["e", "f"]);
  });

  test("pages give every open one once, oldest first, then by tool and by id", async () => {
    const store = await create();
    const session = parseSessionId("s");
    const inOrder = [
      opened("z", { session, openedAt: -1, tool: "z" }),
      opened("B", { session, openedAt: 1, tool: "a" }),
      opened("a", { session, openedAt: 1, tool: "a" }),
      opened("é", { session, openedAt: 1, tool: "a" }),
      opened("a", { session, openedAt: 1, tool: "b" }),
      opened("0", { session, openedAt: 2, tool: "a" }),
    ];
    await store.record(inOrder.toReversed());
    const found: OpenTransaction[] = [];
    for (let page = 0; page < 4; page += 1) {
      found.push(...(await store.open({ agent: SUPPORT, release: OLD, limit: 2, after: found.at(-1) ?? null })));
    }
    expect(found).toEqual(inOrder.map(openOf));
  });
}

function describeChanges(create: Create): void {
  test("one is given to another release only while it is open, and only from whom it belongs to", async () => {
    const store = await create();
    const session = parseSessionId("s");
    const [known, unknown, over] = [opened("k"), opened("u", { release: null }), opened("o")].map((one) => ({
      ...one,
      session,
    }));
    if (known === undefined || unknown === undefined || over === undefined) throw new Error("three");
    await store.record([known, unknown, over, closed(over)]);
    await store.reassign(known, { from: null, to: NEW });
    await store.reassign(unknown, { from: OLD, to: NEW });
    await store.reassign(over, { from: OLD, to: NEW });
    expect(await everything(store, NEW)).toEqual([]);
    await store.reassign(unknown, { from: null, to: NEW });
    await store.reassign(known, { from: OLD, to: NEW });
    expect((await everything(store, NEW)).map(({ id }) => id)).toEqual(["k", "u"]);
    // Whoever tells of the opening again does not know of the change.
    await store.record([known]);
    expect(await store.openCounts()).toEqual([{ agent: SUPPORT, release: NEW, open: 2 }]);
  });

  test("what was closed long ago is forgotten, and nothing that is open", async () => {
    const store = await create();
    const session = parseSessionId("s");
    const [old, recent, open] = [opened("old"), opened("recent"), opened("open")].map((one) => ({ ...one, session }));
    if (old === undefined || recent === undefined || open === undefined) throw new Error("three");
    await store.record([old, recent, open, closed(old, 10), closed(recent, 30)]);
    await store.forgetClosed(20);
    await store.record([old, recent]);
    expect((await everything(store)).map(({ id }) => id)).toEqual(["old", "open"]);
  });

  test("a batch of thousands is taken whole", async () => {
    const store = await create();
    const session = parseSessionId("s");
    const many = Array.from({ length: 5000 }, (_, index) => opened(`r-${index}`, { session, openedAt: index }));
    expect(await store.record(many)).toEqual([]);
    expect(await store.record(many.slice(0, 2500).map((one) => closed(one)))).toEqual([]);
    expect(await store.openCounts()).toEqual([{ agent: SUPPORT, release: OLD, open: 2500 }]);
    expect(await store.record([])).toEqual([]);
  });
}
