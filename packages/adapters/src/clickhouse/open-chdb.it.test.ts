import { digestOf, NO_MEASURES, parseAgentName, parseRolloutId, parseSessionId, type Span } from "@perch/domain";
import { aMaturedSession, aSpan, aToolCall, aTurnRecord, describeTraceStore } from "@perch/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { connectChdb } from "./connect-chdb.ts";
import { migrate, MIGRATIONS } from "./migrate.ts";
import { createTables } from "./migration-0001-create-tables.ts";
import { sessionsByAgent } from "./migration-0003-sessions-by-agent.ts";
import { summaries } from "./migration-0008-summaries.ts";
import { openChdbTraceStore } from "./open-chdb.ts";
import { toSessionRow } from "./session-row.ts";
import { toTurnRow } from "./turn-row.ts";

const SUPPORT = parseAgentName("support");
const KEY = { agent: SUPPORT, session: parseSessionId("session-1") };

function aDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "perch-chdb-"));
}

/** Another process that has the directory open; `lines` are what it said since. */
async function aProcessAppending(directory: string) {
  const script = fileURLToPath(new URL("__fixtures__/append-until-killed.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(line));
  const said = async (count: number) => {
    while (lines.length < count) await once(output, "line");
  };
  await said(1);
  const kill = async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
  return { child, lines, said, kill };
}

/** A directory with all tables and without a row. The first one is made, the others are its copies: that takes half the time. */
async function aMadeDirectory(): Promise<string> {
  const directory = await aDirectory();
  if (made === null) {
    made = await aDirectory();
    await (await openChdbTraceStore({ directory: made })).close();
  }
  await cp(made, directory, { recursive: true });
  return directory;
}
let made: string | null = null;

describe("traces in chDB", () =>
  describeTraceStore(async () => openChdbTraceStore({ directory: await aMadeDirectory() })));

test("nothing that was acknowledged is lost when the process is killed", async () => {
  const directory = await aDirectory();
  const { lines, said, kill } = await aProcessAppending(directory);
  await said(30);
  await kill();
  const acknowledged = Number(lines.at(-1));
  const { store, close } = await openChdbTraceStore({ directory });
  const [evidence] = await store.evidenceOf([KEY]);
  const turns = new Set(evidence?.turns.map((turn) => turn.id));
  const traces = new Set(evidence?.spans.map((span) => span.traceId));
  for (let count = 0; count <= acknowledged; count += 1) {
    expect(turns).toContain(`turn-${count}`);
    expect(traces).toContain(count.toString(16).padStart(32, "f"));
  }
  await close();
});

test("a directory that another process has open is refused with the process that holds it", async () => {
  const directory = await aDirectory();
  const { child, kill } = await aProcessAppending(directory);
  await expect(openChdbTraceStore({ directory })).rejects.toMatchObject({
    code: "data_directory_in_use",
    message: expect.stringContaining(`process ${child.pid}`),
  });
  await kill();
  const { close } = await openChdbTraceStore({ directory });
  await close();
});

test("a directory that is a file is refused", async () => {
  const directory = join(await aDirectory(), "file");
  await writeFile(directory, "");
  await expect(openChdbTraceStore({ directory })).rejects.toMatchObject({ code: "data_directory_unusable" });
});

test("everything is there again after closing and opening", async () => {
  const directory = await aDirectory();
  const first = await openChdbTraceStore({ directory });
  await first.store.appendTurns([aTurnRecord()]);
  await first.store.appendSpans([aSpan()]);
  await first.store.appendSessions([aMaturedSession({ sequence: 4 })]);
  await first.close();
  await first.close();
  const second = await openChdbTraceStore({ directory });
  expect(await second.store.lastSequence()).toBe(4);
  expect(await second.store.evidenceOf([KEY])).toMatchObject([{ turns: [aTurnRecord()], spans: [aSpan()] }]);
  await second.close();
});

test("appends under way when the store is closed are written", async () => {
  const directory = await aDirectory();
  const first = await openChdbTraceStore({ directory });
  const appends = ["1", "2", "3"].map((id) => first.store.appendTurns([aTurnRecord({ id })]));
  await first.close();
  await Promise.all(appends);
  const second = await openChdbTraceStore({ directory });
  expect((await second.store.evidenceOf([KEY]))[0]?.turns).toHaveLength(3);
  await second.close();
});

test("what matured before sessions were told apart by agent is still there", async () => {
  const directory = await aDirectory();
  const client = await connectChdb(directory);
  await migrate(client, [createTables]);
  const values = [aMaturedSession({ sequence: 4, scores: { reward: 0.5 } })].map(toSessionRow);
  await client.insert({ table: "sessions", values, format: "JSONEachRow" });
  await client.insert({
    table: "scores",
    values: [{ id: "s", session: "session-1", name: "reward", value: 0.5, label: null, at: 1 }],
    format: "JSONEachRow",
  });
  // A statement may run twice: as if the process had died before it said so.
  for (const query of sessionsByAgent.statements) await client.command({ query });
  await client.close();
  const { store, sessions, close } = await openChdbTraceStore({ directory });
  const measures = { ...NO_MEASURES, durationMs: 20 };
  expect(await sessions.recent(5)).toEqual([aMaturedSession({ sequence: 4, scores: { reward: 0.5 }, measures })]);
  expect((await store.evidenceOf([KEY]))[0]?.scores).toMatchObject([{ id: "s", agent: null }]);
  await close();
});

test("what was kept before there were summaries is summed up, once, also when the upgrade is cut short", async () => {
  const directory = await aDirectory();
  const client = await connectChdb(directory);
  await migrate(
    client,
    MIGRATIONS.filter(({ version }) => version < summaries.version),
  );
  const rollout = parseRolloutId("support-2-3-1");
  const placed = { rollout, step: 0, arm: "canary", release: digestOf("support 2.3.1") } as const;
  const turns = [
    toTurnRow(aTurnRecord({ ...placed, id: "0", kind: "assignment", startedAt: 900, durationMs: 0 }), 7),
    toTurnRow(aTurnRecord({ ...placed, id: "1", startedAt: 1000, durationMs: 20 }), 0),
    toTurnRow(aTurnRecord({ ...placed, id: "2", startedAt: 2000, durationMs: 20 }), 0),
  ];
  const matured = aMaturedSession({ sequence: 4, arm: "canary", turns: 2, isEscalated: true });
  // Sent twice, and not merged.
  for (const values of [turns, turns]) await client.insert({ table: "turns", values, format: "JSONEachRow" });
  await client.insert({ table: "matured_sessions", values: [toSessionRow(matured)], format: "JSONEachRow" });
  // As if the process had died before it said that it was done.
  for (const query of summaries.statements) await client.command({ query });
  await client.close();
  const { store, cohorts, sessions, close } = await openChdbTraceStore({ directory });
  const members = await cohorts.members({ rollout, step: 0, afterAssignment: 0, limit: 10 });
  const standing = { lastTurnAt: 2020, isEnded: false };
  expect(members).toEqual([{ assignment: 7, arm: "canary", assignedAt: 900, ...standing, matured }]);
  expect((await sessions.armSummaries(rollout)).canary).toMatchObject({
    sessions: 1,
    turns: 2,
    matured: 1,
    escalated: 1,
  });
  expect(await sessions.exposedSessions({ rollout, before: null })).toBe(1);
  const everything = { agent: SUPPORT, since: 0, liveSince: 0 };
  expect(await sessions.releaseTraffic(everything)).toEqual([
    { release: placed.release, newSessions: 1, liveSessions: 0, turns: 2 },
  ]);
  expect(await sessions.recent(10)).toEqual([matured]);
  expect(await store.openSessions(0)).toEqual([]);
  await store.appendTurns([aTurnRecord({ ...placed, id: "3", session: parseSessionId("next"), kind: "assignment" })]);
  expect((await cohorts.members({ rollout, step: 0, afterAssignment: 7, limit: 10 }))[0]?.assignment).toBe(8);
  await close();
});

test("spans come back with whatever texts and numbers they had", async () => {
  const { store, close } = await openChdbTraceStore({ directory: await aDirectory() });
  const texts = ["", "a", "ä€😀", "x".repeat(127), "x".repeat(128), "é".repeat(20_000), "tab\tline\nquote'\\N", "NULL"];
  const spans = texts.map((text, index) =>
    aSpan({
      spanId: `span-${index}`,
      name: text,
      errorMessage: text,
      model: text,
      provider: index % 2 === 0 ? null : text,
      startedAt: index === 0 ? -0.001 : 1.7e12 + index / 1000,
      inputTokens: index === 0 ? Number.MAX_SAFE_INTEGER : 2 ** (index * 6),
      userSentiment: index % 2 === 0 ? null : -0.25,
      tool: aToolCall({ name: text, invalidUnder: texts.slice(0, index) }),
    }),
  );
  await store.appendTurns([aTurnRecord()]);
  await store.appendSpans(spans);
  const [evidence] = await store.evidenceOf([KEY]);
  expect(evidence?.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))).toEqual(spans);
  await close();
});

test("few spans and many that are written together are all there", async () => {
  const { store, close } = await openChdbTraceStore({ directory: await aDirectory() });
  const { session } = KEY;
  const attribution = { ...aSpan().attribution, session };
  const posts = [1, 300, 7, 5000, 255, 256].map((count, post) =>
    Array.from({ length: count }, (_, index) =>
      aSpan({ spanId: `${post}-${index}`, name: `name ${index}`, attribution }),
    ),
  );
  await store.appendTurns([aTurnRecord()]);
  await Promise.all(posts.map((spans) => store.appendSpans(spans)));
  const [evidence] = await store.evidenceOf([KEY]);
  const told = (spans: readonly Span[]) => spans.map(({ spanId, name }) => `${spanId} ${name}`);
  expect(told(evidence?.spans ?? []).toSorted()).toEqual(posts.flatMap(told).toSorted());
  await close();
});

test("spans are kept in a directory whose name the engine would take for a pattern", async () => {
  const directory = join(await aDirectory(), "a{b,c}*");
  const { store, close } = await openChdbTraceStore({ directory });
  await store.appendTurns([aTurnRecord()]);
  await store.appendSpans([aSpan()]);
  expect((await store.evidenceOf([KEY]))[0]?.spans).toEqual([aSpan()]);
  await close();
});

test("data that a newer Perch wrote is refused untouched", async () => {
  const directory = await aDirectory();
  const client = await connectChdb(directory);
  await migrate(client);
  await client.insert({ table: "migrations", values: [{ version: 999, name: "later" }], format: "JSONEachRow" });
  await client.close();
  await expect(openChdbTraceStore({ directory })).rejects.toMatchObject({ code: "store_newer" });
});

test("a thousand sessions are read in one question", async () => {
  const { store, close } = await openChdbTraceStore({ directory: await aDirectory() });
  const sessions = Array.from({ length: 1000 }, (_, index) => parseSessionId(`${"x".repeat(190)}${index}`));
  await store.appendTurns(sessions.map((session, index) => aTurnRecord({ id: `${index}`, session })));
  const evidence = await store.evidenceOf(sessions.map((session) => ({ agent: SUPPORT, session })));
  expect(evidence.map((one) => one.turns.length)).toEqual(sessions.map(() => 1));
  await close();
});
