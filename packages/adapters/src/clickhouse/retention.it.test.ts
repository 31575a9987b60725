import { digestOf, parseAgentName, parseRolloutId, parseSessionId } from "@perch/domain";
import { aMaturedSession, aMoveRecord, aScore, aSpan, aTurnRecord } from "@perch/testkit";
import type { ClickHouseClient } from "@clickhouse/client";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { connectChdb } from "./connect-chdb.ts";
import { openChdbTraceStore } from "./open-chdb.ts";
import type { OpenTraceStore } from "./open-store.ts";
import { readRows } from "./read-rows.ts";
import { KEPT, retain, type Retention } from "./retention.ts";

const DAY_MS = 86_400_000;
const LIMITS: Retention = { spansMs: 30 * DAY_MS, sessionsMs: 400 * DAY_MS, summariesMs: 800 * DAY_MS };
const ROLLOUT = parseRolloutId("support-2-3-1");
const PLACED = { rollout: ROLLOUT, step: 0, release: digestOf("support 2.3.1") };

let opened: OpenTraceStore;
let client: ClickHouseClient;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "perch-retention-"));
  opened = await openChdbTraceStore({ directory, retention: LIMITS });
  client = await connectChdb(directory);
});
afterEach(async () => {
  await client.close();
  await opened.close();
});

/** Everything that there can be of a session, as if it had come in so many days ago. */
async function keepSession(name: string, daysAgo: number): Promise<void> {
  const session = parseSessionId(name);
  const traceId = digestOf(name).slice(7, 39);
  const { store } = opened;
  await store.appendTurns([
    aTurnRecord({ ...PLACED, id: `${name} 0`, session, traceId, kind: "assignment" }),
    aTurnRecord({ ...PLACED, id: `${name} 1`, session, traceId }),
  ]);
  await store.appendMoves([aMoveRecord({ id: name, session })]);
  await store.appendSpans([aSpan({ traceId })]);
  await store.appendScores([aScore({ id: name, session })]);
  await store.appendSessions([aMaturedSession({ session, sequence: 10_000 - daysAgo })]);
  await age(daysAgo);
}

/** What has come in since the last call came so many days ago. */
async function age(days: number): Promise<void> {
  for (const { table, since } of KEPT) {
    await client.command({
      query: `ALTER TABLE ${table} UPDATE ${since} = now() - toIntervalDay(${days}) WHERE ${since} > now() - toIntervalDay(1)
        SETTINGS mutations_sync = 2`,
    });
  }
}

/** What the database does in its own time. */
async function passTime(): Promise<void> {
  for (const { table } of KEPT) await client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
}

async function rowsIn(table: string): Promise<number> {
  const [found] = await readRows(
    client,
    { query: `SELECT count() AS rows FROM ${table}` },
    z.object({ rows: z.coerce.number() }),
  );
  return found?.rows ?? 0;
}

async function countsOf(...tables: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const table of tables) counts[table] = await rowsIn(table);
  return counts;
}

test("spans go after a month, sessions after more than a year, and what gates asked of them stays longer", async () => {
  await keepSession("long-ago", 900);
  await keepSession("last-year", 500);
  await keepSession("last-month", 40);
  await keepSession("new", 0);
  await passTime();
  const told = await countsOf("spans", "turns", "turn_times", "moves", "scores", "sessions");
  expect(told).toEqual({ spans: 1, turns: 4, turn_times: 4, moves: 2, scores: 2, sessions: 2 });
  const summed = await countsOf("session_states", "assignments", "rollout_sessions", "outcomes");
  expect(summed).toEqual({ session_states: 3, assignments: 3, rollout_sessions: 3, outcomes: 3 });
  const { sessions, store } = opened;
  expect((await sessions.recent(10)).map(({ session }) => session)).toEqual(["new", "last-month"]);
  expect((await sessions.armSummaries(ROLLOUT)).baseline).toMatchObject({ sessions: 3, turns: 3, matured: 3 });
  // A summary says that they have matured, so nobody takes them up again.
  expect(await store.openSessions(0)).toEqual([]);
  const key = { agent: parseAgentName("support"), session: parseSessionId("last-month") };
  expect((await store.evidenceOf([key]))[0]).toMatchObject({ spans: [], turns: [{}, {}], scores: [{}] });
});

test("a clock that says something of 1970 costs a sender nothing", async () => {
  await opened.store.appendSpans([aSpan({ startedAt: 0 })]);
  await passTime();
  expect(await rowsIn("spans")).toBe(1);
});

test("a limit that was changed counts for what is there, and one that stays is left alone", async () => {
  await keepSession("last-month", 40);
  const before = await rowsIn("system.mutations");
  await retain(client, LIMITS);
  expect(await rowsIn("system.mutations")).toBe(before);
  await retain(client, { ...LIMITS, sessionsMs: 20 * DAY_MS });
  await passTime();
  expect(await countsOf("turns", "sessions", "session_states")).toEqual({ turns: 0, sessions: 0, session_states: 1 });
});

test("without a limit everything is kept", async () => {
  await retain(client, { spansMs: null, sessionsMs: null, summariesMs: null });
  await keepSession("ages-ago", 5000);
  await passTime();
  expect(await countsOf("spans", "turns", "outcomes")).toEqual({ spans: 1, turns: 2, outcomes: 1 });
});
