import {
  createPriceList,
  digestOf,
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type CohortSource,
  type MaturedSession,
  type SessionSource,
  type TraceStore,
} from "@perch/domain";
import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { beforeEach, expect, test } from "vitest";
import { createAssembler, type Assembler } from "./assembler.ts";

const LATENESS_MS = 100;
const IDLE_MS = 10_000;
const SECOND = parseSessionId("session-2");

let now: number;
let storage: { store: TraceStore; cohorts: CohortSource; sessions: SessionSource };
let assembler: Assembler;

beforeEach(() => {
  now = 1_000_000;
  storage = createMemoryTraceStore();
  assembler = anAssembler();
});

function anAssembler(store: Partial<TraceStore> = {}): Assembler {
  return createAssembler({
    store: { ...storage.store, ...store },
    now: () => now,
    policyOf: () => ({ escalationTools: ["escalate_to_human"], successTools: [] }),
    factsOf: () => null,
    prices: createPriceList([]),
    latenessMs: LATENESS_MS,
    idleTimeoutMs: IDLE_MS,
  });
}

async function arrive(...turns: readonly ReturnType<typeof aTurnRecord>[]): Promise<void> {
  await storage.store.appendTurns(turns);
  assembler.noteTurns(turns);
}

async function matured(): Promise<readonly MaturedSession[]> {
  return (await storage.sessions.recent(1000)).toReversed();
}

const ended = aTurnRecord({ endsSession: true });

test("a session that ended matures once the lateness has passed in silence", async () => {
  await arrive(ended);
  now += LATENESS_MS - 1;
  expect(await assembler.tick()).toBe(0);
  now += 1;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ session: "session-1", endedBy: "signal", sequence: 1, maturedAt: now }]);
  expect(assembler.openCount()).toBe(0);
});

test("a session that nobody ended matures when it was idle long enough", async () => {
  await arrive(aTurnRecord());
  now += IDLE_MS - 1;
  expect(await assembler.tick()).toBe(0);
  now += 1;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ endedBy: "idle" }]);
});

test("a record of the end ends the session; without any turn it is dropped", async () => {
  await arrive(
    aTurnRecord(),
    aTurnRecord({ id: "end", kind: "sessionEnd" }),
    aTurnRecord({ id: "x", session: SECOND, kind: "sessionEnd" }),
  );
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ session: "session-1", turns: 1 }]);
  expect(assembler.openCount()).toBe(0);
});

test("two agents' sessions of the same id mature apart", async () => {
  const sales = parseAgentName("sales");
  await arrive(ended, aTurnRecord({ id: "sales", agent: sales, traceId: "b".repeat(32) }));
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1);
  expect(assembler.openCount()).toBe(1);
  now += IDLE_MS;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([
    { agent: "support", session: "session-1", endedBy: "signal" },
    { agent: sales, session: "session-1", endedBy: "idle" },
  ]);
});

test("late spans of a turn make it wait, and count", async () => {
  await arrive(ended);
  now += LATENESS_MS - 1;
  const late = aSpan({ tool: aToolCall({ name: "escalate_to_human" }) });
  await storage.store.appendSpans([late]);
  assembler.noteSpans([late]);
  now += 1;
  expect(await assembler.tick()).toBe(0);
  now += LATENESS_MS;
  await assembler.tick();
  expect(await matured()).toMatchObject([{ isEscalated: true }]);
});

test("what comes after maturity never changes the session nor matures it twice", async () => {
  await arrive(ended);
  now += LATENESS_MS;
  await assembler.tick();
  const before = await matured();
  await arrive(ended, aTurnRecord({ id: "late", endsSession: true }));
  assembler.noteSpans([aSpan()]);
  now += IDLE_MS;
  await assembler.tick();
  expect(await matured()).toEqual(before);
  expect(assembler.openCount()).toBe(0);
});

test("a batch sent twice counts once", async () => {
  await arrive(ended, ended);
  await arrive(ended);
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ turns: 1 }]);
});

test("a tick that fails loses no session and uses no sequence twice", async () => {
  let failures = 1;
  const appendSessions: TraceStore["appendSessions"] = async (sessions) => {
    if (failures-- > 0) throw new Error("disk full");
    await storage.store.appendSessions(sessions);
  };
  assembler = anAssembler({ appendSessions });
  await arrive(ended);
  now += LATENESS_MS;
  await expect(assembler.tick()).rejects.toThrow("disk full");
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ session: "session-1", sequence: 2 }]);
});

test("after a restart open sessions are found again, wait a full lateness, and sequences go on", async () => {
  await arrive(ended, aTurnRecord({ id: "2", session: SECOND, startedAt: now }));
  now += LATENESS_MS;
  await assembler.tick();
  assembler = anAssembler();
  await assembler.restore();
  expect(assembler.openCount()).toBe(1);
  await arrive(aTurnRecord({ id: "3", session: SECOND, endsSession: true }));
  expect(await assembler.tick()).toBe(0);
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ sequence: 1 }, { session: "session-2", sequence: 2, turns: 2 }]);
});

test("a gateway whose clock is wrong cannot hold a session open", async () => {
  await arrive(aTurnRecord({ startedAt: Date.UTC(2100, 0), endsSession: true }));
  assembler = anAssembler();
  await assembler.restore();
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1);
});

test("ticks never overlap: one that comes meanwhile runs afterwards, with the clock of then", async () => {
  let running = 0;
  let most = 0;
  const evidenceOf: TraceStore["evidenceOf"] = async (sessions) => {
    running += 1;
    most = Math.max(most, running);
    const evidence = await storage.store.evidenceOf(sessions);
    running -= 1;
    return evidence;
  };
  assembler = anAssembler({ evidenceOf });
  await arrive(ended);
  now += LATENESS_MS;
  const first = assembler.tick();
  await arrive(aTurnRecord({ id: "2", session: SECOND, endsSession: true }));
  now += LATENESS_MS;
  const later = [assembler.tick(), assembler.tick()];
  expect(await first).toBe(1);
  expect(await Promise.all(later)).toEqual([1, 1]);
  expect(most).toBe(1);
  expect((await matured()).map((session) => session.sequence)).toEqual([1, 2]);
});

test("a turn that arrives while its session is being matured keeps it open", async () => {
  const evidenceOf: TraceStore["evidenceOf"] = async (sessions) => {
    const evidence = await storage.store.evidenceOf(sessions);
    if (sessions.some(({ session }) => session === SECOND)) await arrive(aTurnRecord({ id: "turn", session: SECOND }));
    return evidence;
  };
  assembler = anAssembler({ evidenceOf });
  await arrive(aTurnRecord({ id: "end", session: SECOND, kind: "sessionEnd" }));
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(0);
  expect(assembler.openCount()).toBe(1);
});

test("matures a thousand sessions in one tick, in one unbroken order", async () => {
  const rollout = parseRolloutId("r-1");
  const turns = Array.from({ length: 1100 }, (_, index) =>
    aTurnRecord({
      id: `t${index}`,
      session: parseSessionId(`s${index}`),
      traceId: digestOf(`${index}`).slice(7, 39),
      endsSession: true,
      rollout,
      step: 0,
    }),
  );
  await arrive(...turns);
  now += LATENESS_MS;
  expect(await assembler.tick()).toBe(1100);
  const sequences = (await storage.sessions.recent(2000)).map((session) => session.sequence);
  expect(sequences.toReversed()).toEqual(Array.from({ length: 1100 }, (_, index) => index + 1));
});

test("spans of a shadow neither hold its session open nor become part of it, although they name it", async () => {
  await arrive(ended);
  now += LATENESS_MS - 1;
  const shadows = aSpan({
    traceId: "c".repeat(32),
    attribution: { session: ended.session, release: null, arm: "shadow", rollout: null, serviceVersion: null },
    tool: aToolCall({ name: "escalate_to_human" }),
  });
  await storage.store.appendSpans([shadows]);
  assembler.noteSpans([shadows]);
  now += 1;
  expect(await assembler.tick()).toBe(1);
  expect(await matured()).toMatchObject([{ isEscalated: false }]);
});
