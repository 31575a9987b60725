import { createMemoryLeadership, createMemoryServerState } from "@perch/adapters/in-memory";
import { LedgerError, type Leadership } from "@perch/domain";
import { describe, expect, test } from "vitest";
import { createElection, type Election, type Reign } from "./election.ts";
import type { Term } from "./term.ts";

const FOR_MS = 1000;

type Led = Reign & { readonly term: Term };

/** Servers that share a store, on one clock that only the test moves; each may be paused, or cut off from the store. */
function createWorld() {
  let now = 0;
  let terms = 0;
  const state = createMemoryServerState();
  const leadership = createMemoryLeadership(state, () => now);
  const said: string[] = [];
  return {
    state,
    said,
    pass: (ms: number): void => void (now += ms),
    server(url: string, options: { reign?: (term: Term) => Promise<Led> } = {}) {
      const link = { isDown: false };
      const seen: { changes: number; ended: number; hopeless: unknown[] } = { changes: 0, ended: 0, hopeless: [] };
      const over = async <Result>(call: () => Promise<Result>): Promise<Result> => {
        if (link.isDown) throw new LedgerError({ code: "unavailable", message: "the store is away", hint: "" });
        return await call();
      };
      const remote: Leadership = {
        take: (candidate, forMs) => over(() => leadership.take(candidate, forMs)),
        keep: (term, forMs) => over(() => leadership.keep(term, forMs)),
        giveUp: (term) => over(() => leadership.giveUp(term)),
      };
      const election = createElection<Led>({
        leadership: remote,
        url: () => url,
        forMs: FOR_MS,
        tick: () => now,
        newTerm: () => `term-${(terms += 1)}`,
        reign: options.reign ?? (async (term) => ({ term, end: () => void (seen.ended += 1) })),
        isPassing: (error) => error instanceof LedgerError,
        onHopeless: (error) => void seen.hopeless.push(error),
        onChange: () => void (seen.changes += 1),
        log: { info: (message) => void said.push(message), warn: (message) => void said.push(message) },
      });
      return { election, link, seen, look: async () => await lookAndBegin(election) };
    },
  };
}

async function lookAndBegin(election: Election<Led>): Promise<void> {
  await election.look();
  await new Promise((resolve) => setImmediate(resolve));
}

function termOf({ election }: { election: Election<Led> }): Term {
  const standing = election.standing();
  if (standing.kind !== "leading") throw new Error(`it is ${standing.kind}`);
  return standing.reign.term;
}

describe("of several servers", () => {
  test("one leads, and the others know which", async () => {
    const world = createWorld();
    const [a, b] = [world.server("http://a"), world.server("http://b")];
    await a.look();
    await b.look();
    expect(a.election.standing()).toMatchObject({ kind: "leading", epoch: 1 });
    expect(b.election.standing()).toMatchObject({ kind: "following", leader: { url: "http://a", epoch: 1 } });
    for (let looks = 0; looks < 20; looks += 1) {
      world.pass(FOR_MS / 5);
      await Promise.all([a.look(), b.look()]);
    }
    expect([a.election.standing().kind, b.election.standing().kind]).toEqual(["leading", "following"]);
    expect([a.seen.changes, b.seen.changes]).toEqual([2, 1]);
  });

  test("another leads once the leader was paused for too long; on waking the first is out of force before it asks", async () => {
    const world = createWorld();
    const [a, b] = [world.server("http://a"), world.server("http://b")];
    await a.look();
    const term = termOf(a);
    expect(term.isInForce()).toBe(true);
    world.pass(FOR_MS);
    await b.look();
    expect(b.election.standing()).toMatchObject({ kind: "leading", epoch: 2 });
    expect(term.isInForce()).toBe(false);
    await a.look();
    expect([a.election.standing().kind, a.seen.ended]).toEqual(["following", 1]);
    await a.look();
    expect(a.election.standing()).toMatchObject({ leader: { url: "http://b", epoch: 2 } });
    expect(termOf(b).isInForce()).toBe(true);
  });

  test("the follower leads at once when the leader stops or resigns, whose term is over first", async () => {
    const world = createWorld();
    const [a, b] = [world.server("http://a"), world.server("http://b")];
    await a.look();
    const first = termOf(a);
    await a.election.stop();
    await b.look();
    const second = termOf(b);
    b.election.resign("what was committed is in doubt");
    expect([first.isInForce(), second.isInForce(), second.epoch]).toEqual([false, false, 2]);
    await b.look();
    expect(termOf(b)).toMatchObject({ epoch: 3 });
    await a.look();
    expect(a.election.standing().kind).toBe("following");
  });
});

describe("a leader that is cut off from the store", () => {
  test("leads until its time is over and not longer, and leads again under a new epoch", async () => {
    const world = createWorld();
    const a = world.server("http://a");
    await a.look();
    a.link.isDown = true;
    world.pass(FOR_MS - 1);
    await a.look();
    expect(termOf(a).isInForce()).toBe(true);
    const term = termOf(a);
    world.pass(1);
    expect(term.isInForce()).toBe(false);
    await a.look();
    expect([a.election.standing().kind, a.seen.ended]).toEqual(["following", 1]);
    a.link.isDown = false;
    await a.look();
    expect([termOf(a).epoch, term.isInForce()]).toEqual([2, false]);
    expect(world.said.filter((message) => message.startsWith("cannot ask"))).toHaveLength(1);
  });

  test("counts its time from when it asked, not from when it was answered", async () => {
    const world = createWorld();
    const a = world.server("http://a");
    const looking = a.look();
    world.pass(300);
    await looking;
    const term = termOf(a);
    world.pass(FOR_MS - 300);
    expect(term.isInForce()).toBe(false);
  });
});

describe("a server that cannot begin to lead", () => {
  test("leaves the lead to others when it may be able to later", async () => {
    const world = createWorld();
    const passing = new LedgerError({ code: "unavailable", message: "away", hint: "" });
    const [a, b] = [world.server("http://a", { reign: () => Promise.reject(passing) }), world.server("http://b")];
    await a.look();
    expect([a.election.standing().kind, a.seen.hopeless]).toEqual(["following", []]);
    await b.look();
    expect(termOf(b).epoch).toBe(2);
  });

  test("says so when it never will", async () => {
    const broken = new Error("the ledger is broken");
    const a = createWorld().server("http://a", { reign: () => Promise.reject(broken) });
    await a.look();
    expect(a.seen.hopeless).toEqual([broken]);
  });

  test("ends what it began when it has lost the lead in the meantime", async () => {
    const world = createWorld();
    const begun = Promise.withResolvers<void>();
    let ended = 0;
    const reign = async (term: Term): Promise<Led> => {
      await begun.promise;
      return { term, end: () => void (ended += 1) };
    };
    const a = world.server("http://a", { reign });
    await a.look();
    expect(a.election.standing().kind).toBe("starting");
    world.pass(FOR_MS);
    await a.look();
    begun.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect([a.election.standing().kind, ended]).toEqual(["following", 1]);
  });
});
