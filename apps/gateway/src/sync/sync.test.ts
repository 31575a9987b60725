import { createMemoryTurnOutbox } from "@perch/adapters/in-memory";
import { turnBatchSchema } from "@perch/api";
import { parseGatewayId, type Revision } from "@perch/domain";
import { aRoutingTable, aTurnRecord } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLog, type Log } from "@perch/adapters/json-log";
import { createHeldTable } from "../table/held-table.ts";
import { flushTurns, shipTurns } from "../turns/turn-shipper.ts";
import { createAcknowledger } from "./acknowledger.ts";
import { backoffMs } from "./backoff.ts";
import { followTable } from "./follow-table.ts";
import { eventsOf, type PostOutcome, type ServerLink } from "./server-link.ts";
import { createSyncState } from "./sync-state.ts";

const bytes = new TextEncoder();
const random = (): number => 1;

function memoryLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return {
    log: createLog(
      (line) => lines.push(line),
      () => 0,
    ),
    lines,
  };
}

async function* inPieces(text: string, cuts: readonly number[]): AsyncIterable<Uint8Array> {
  const all = bytes.encode(text);
  const edges = [0, ...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b), all.length];
  for (const [index, edge] of edges.slice(1).entries()) yield all.subarray(edges[index], edge);
}

test("events come out whole, wherever the stream is cut, in a character or between two line ends", async () => {
  const text = ': hi\r\n\r\nevent: table\r\ndata: {"a":"ß"}\r\n\r\nevent: lease\ndata: 1\ndata: 2\n\n';
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 10 }), async (cuts) => {
      const events: string[][] = [];
      for await (const { event, data } of eventsOf(inPieces(text, cuts))) events.push([event ?? "", data]);
      expect(events).toEqual([
        ["table", '{"a":"ß"}'],
        ["lease", "1\n2"],
      ]);
    }),
  );
});

test("waiting doubles up to its ceiling", () => {
  expect([1, 2, 3, 100].map((attempt) => backoffMs(attempt, 1000, 1))).toEqual([50, 100, 200, 1000]);
  expect(backoffMs(1, 1000, 0)).toBe(25);
});

describe("following the table", () => {
  type Event = { event: string; data: string; id: string | undefined };
  const tableEvent = (sequence: number): Event => ({
    event: "table",
    data: JSON.stringify(aRoutingTable({ revision: { epoch: 1, sequence } })),
    id: undefined,
  });
  const leaseEvent = (sequence: number): Event => ({
    event: "lease",
    data: JSON.stringify({ epoch: 1, sequence }),
    id: undefined,
  });

  /** Plays one connection after the other, then stops. */
  async function follow(
    connections: readonly (readonly Event[])[],
    {
      tick = () => 0,
      held = createHeldTable(tick),
    }: { tick?: () => number; held?: ReturnType<typeof createHeldTable> } = {},
  ): Promise<{
    held: ReturnType<typeof createHeldTable>;
    said: (number | null)[];
    acks: Revision[];
    waits: number[];
    lines: string[];
    questions: string[];
  }> {
    const stopping = new AbortController();
    const said: (number | null)[] = [];
    const { log, lines } = memoryLog();
    const [acks, waits, questions]: [Revision[], number[], string[]] = [[], [], []];
    let connection = 0;
    const link: Pick<ServerLink, "tableEvents"> = {
      async *tableEvents({ held: holds }) {
        said.push(holds?.sequence ?? null);
        const events = connections[connection] ?? [];
        connection += 1;
        if (connection >= connections.length) stopping.abort();
        yield* events;
      },
    };
    const acknowledger = { acknowledge: ({ revision }: { revision: Revision }) => void acks.push(revision) };
    const onQuestion = (data: string): void => void questions.push(data);
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    const clock = { now: () => 0, tick };
    const state = createSyncState(() => 0);
    const deps = { link, held, acknowledger, state, log, sleep, random, ...clock, onApplied: () => {}, onQuestion };
    await followTable(deps, stopping.signal);
    return { held, said, acks, waits, lines, questions };
  }

  test("applies growing revisions, acknowledges each, and the one held again after a new connection", async () => {
    const { held, acks } = await follow([[tableEvent(1), leaseEvent(1), tableEvent(3)], [tableEvent(3)]]);
    expect(held.index()?.table.revision.sequence).toBe(3);
    expect(acks.map(({ sequence }) => sequence)).toEqual([1, 3, 3]);
  });

  test("says at each connection which table is in force, and acknowledges it again when only its lease comes back", async () => {
    const { said, acks } = await follow([[tableEvent(4)], [leaseEvent(4), leaseEvent(4)], [tableEvent(5)]]);
    expect(said).toEqual([null, 4, 4]);
    expect(acks.map(({ sequence }) => sequence)).toEqual([4, 4, 5]);
  });

  test("a table from disk is acknowledged once the server stands by it", async () => {
    const held = createHeldTable(() => 0);
    held.restore(aRoutingTable({ revision: { epoch: 1, sequence: 7 } }));
    const { said, acks } = await follow([[leaseEvent(7)]], { held });
    expect([said, acks.map(({ sequence }) => sequence), held.isFenced()]).toEqual([[7], [7], false]);
  });

  test("connects again when a lease names a table that never came", async () => {
    const { acks, lines } = await follow([[tableEvent(1), leaseEvent(2), tableEvent(9)], [tableEvent(2)]]);
    expect(acks.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(lines.join("")).toContain("which never came");
  });

  test("a broken table is told and passed over; the stream goes on", async () => {
    const broken = { event: "table", data: "{}", id: undefined };
    const { acks, lines } = await follow([[broken, tableEvent(2)]]);
    expect(acks.map(({ sequence }) => sequence)).toEqual([2]);
    expect(lines.join("")).toContain('"level":"error"');
  });

  test("a question is passed on as it came", async () => {
    const { questions, lines } = await follow([[{ event: "question", data: "{}", id: undefined }, tableEvent(1)]]);
    expect(questions).toEqual(["{}"]);
    expect(lines.join("")).not.toContain("connecting again");
  });

  test("counts a lease from when it was given: one that comes late is over as early as the server thinks", async () => {
    // The clock goes on by 500 ms whenever it is looked at; the lease is one of 15 s.
    let now = 0;
    const tick = (): number => (now += 500);
    const sent = (event: Event, at: number): Event => ({ ...event, id: `1.1@${at}` });
    const { held } = await follow([[sent(tableEvent(1), 1_000_000), sent(leaseEvent(1), 1_000_100)]], { tick });
    now += 15_000 - 1000;
    expect(held.isFenced()).toBe(true);
    held.renew({ epoch: 1, sequence: 1 });
    expect(held.isFenced()).toBe(false);
  });

  test("connects again when a stream begins so late that its leases are worth little", async () => {
    const ticks = [0, 0, 6000, 6000];
    const late = { ...tableEvent(1), id: "1.1@0" };
    const { acks, lines } = await follow([[late, tableEvent(2)], [tableEvent(3)]], {
      tick: () => ticks.shift() ?? 6000,
    });
    expect(acks.map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect(lines.join("")).toContain("6000 ms late");
  });

  test("waits longer after every connection that brought nothing", async () => {
    const { waits } = await follow([[], [], [], [tableEvent(1)], [], []]);
    expect(waits).toEqual([50, 100, 200, 50, 100]);
  });
});

describe("acknowledging", () => {
  const applied = (sequence: number): { revision: Revision; json: string; appliedAt: number } => ({
    revision: { epoch: 1, sequence },
    json: `table ${sequence}`,
    appliedAt: sequence,
  });

  async function acknowledge(outcomes: PostOutcome[], writes: (() => void)[] = []): Promise<string[]> {
    const told: string[] = [];
    const acknowledger = createAcknowledger({
      file: {
        write(_revision, json) {
          writes.shift()?.();
          told.push(`disk: ${json}`);
        },
      },
      link: {
        async acknowledge({ revision }) {
          told.push(`ack: ${revision.sequence}`);
          return outcomes.shift() ?? { kind: "accepted" };
        },
      },
      state: createSyncState(() => 0),
      log: memoryLog().log,
      sleep: async () => {},
      random,
    });
    acknowledger.acknowledge(applied(1));
    for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
    await acknowledger.stop();
    return told;
  }

  test("happens after the table is on disk", async () => {
    expect(await acknowledge([])).toEqual(["disk: table 1", "ack: 1"]);
  });

  test("is tried again until the server hears, but not when it refuses", async () => {
    const retry: PostOutcome = { kind: "retryable", reason: "down" };
    const told = await acknowledge([retry, retry]);
    expect(told.filter((line) => line === "ack: 1")).toHaveLength(3);
    expect(await acknowledge([{ kind: "rejected", reason: "400" }])).toEqual(["disk: table 1", "ack: 1"]);
  });

  test("does not happen while the disk refuses the table", async () => {
    const told = await acknowledge(
      [],
      [
        () => {
          throw new Error("disk full");
        },
      ],
    );
    expect(told).toEqual(["disk: table 1", "ack: 1"]);
  });
});

test("the state of the connection tells since when it is as it is, and why it was lost", () => {
  let now = 1;
  const state = createSyncState(() => now);
  state.disconnected("refused");
  now = 2;
  state.disconnected("refused again");
  expect(state.report()).toMatchObject({ isConnected: false, since: 1, lastError: { at: 2, reason: "refused again" } });
  now = 3;
  state.connected();
  state.applied({ at: 3, appliedMs: 0.5 });
  now = 7;
  state.acknowledged();
  now = 9;
  state.acknowledged();
  expect(state.report()).toMatchObject({ isConnected: true, since: 3, connections: 1 });
  expect(state.report().table).toEqual({ receivedAt: 3, appliedMs: 0.5, acknowledgedMs: 4 });
});

describe("shipping turn records", () => {
  const turns = Array.from({ length: 1201 }, (_, index) =>
    aTurnRecord({ id: `t${index}`, gateway: parseGatewayId("g") }),
  );

  function shipper(postTurns: ServerLink["postTurns"]): Parameters<typeof shipTurns>[0] & { lines: string[] } {
    const outbox = createMemoryTurnOutbox();
    for (let at = 0; at < turns.length; at += 4) outbox.append(turns.slice(at, at + 4));
    return { outbox, link: { postTurns }, sleep: async () => {}, random, ...memoryLog() };
  }

  test("sends everything in batches, and deletes only what the server has", async () => {
    const sizes: number[] = [];
    const deps = shipper(async (json) => {
      sizes.push(JSON.parse(json.toString()).turns.length);
      return { kind: "accepted" };
    });
    await flushTurns(deps, new AbortController().signal);
    expect([sizes, deps.outbox.countPending()]).toEqual([[500, 500, 201], 0]);
  });

  test("a server that is down gets the same records again, later and later", async () => {
    const stopping = new AbortController();
    const waits: number[] = [];
    const deps = shipper(async () => ({ kind: "retryable", reason: "down" }));
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
      if (waits.length === 9) stopping.abort();
    };
    await shipTurns({ ...deps, sleep }, stopping.signal);
    expect(waits).toEqual([100, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(deps.outbox.countPending()).toBe(turns.length);
  });

  test("of a refused batch only the records that are refused alone are set aside", async () => {
    const isBad = (id: string): boolean => id === "t7" || id === "t450";
    const deps = shipper(async (json) =>
      turnBatchSchema.parse(JSON.parse(json.toString())).turns.some((turn) => isBad(turn.id))
        ? { kind: "rejected", reason: "bad" }
        : { kind: "accepted" },
    );
    await flushTurns(deps, new AbortController().signal);
    expect([deps.outbox.countPending(), deps.outbox.countBuried()]).toEqual([0, 2]);
    expect(deps.lines.filter((line) => line.includes("t450"))).toHaveLength(1);
  });
});
