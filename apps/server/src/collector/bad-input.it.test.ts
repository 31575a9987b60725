import { openChdbTraceStore, type OpenTraceStore } from "@perch/adapters/clickhouse";
import { parseAgentName, parseSessionId } from "@perch/domain";
import { aSpan, aTurnRecord } from "@perch/testkit";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createIntake, type Intake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

// Against the real store: what the collector lets through must also be writable, or the sender would send it for ever.
const AGENT = parseAgentName("support");
const NOW = Date.UTC(2026, 10, 25);
const NS = `${NOW}000000`;

let directory = "";
let traces: OpenTraceStore;
let intake: Intake;
let turns = 0;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "perch-bad-input-"));
  traces = await openChdbTraceStore({ directory });
});
afterAll(async () => {
  await traces.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  intake = createIntake({
    store: traces.store,
    onShadowTurns: () => undefined,
    assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
    sentiment: { scoreOf: () => 0 },
    now: () => NOW,
  });
});

async function post(path: string, body: unknown) {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await createCollectorRoutes(intake).request(path, request);
  return { status: response.status, body: await response.text() };
}

/** A turn in a session of its own. */
async function aTurn() {
  turns += 1;
  const traceId = turns.toString(16).padStart(32, "0");
  const session = parseSessionId(`session-${turns}`);
  await traces.store.appendTurns([aTurnRecord({ id: `turn-${turns}`, session, traceId })]);
  const spans = async () => (await traces.store.evidenceOf([{ agent: AGENT, session }]))[0]?.spans ?? [];
  return { traceId, session, spans };
}

type Change = { readonly attributes?: readonly object[]; readonly [field: string]: unknown };

/** With what it is changed to; of a repeated attribute the first counts. */
function modelCall(traceId: string, spanId: string, { attributes = [], ...change }: Change = {}) {
  const operation = { key: "gen_ai.operation.name", value: { stringValue: "chat" } };
  const times = { startTimeUnixNano: NS, endTimeUnixNano: NS };
  return {
    traceId,
    spanId: spanId.padStart(16, "0"),
    name: "chat",
    ...times,
    attributes: [...attributes, operation],
    ...change,
  };
}

function requestOf(spans: readonly unknown[]) {
  return { resourceSpans: [{ scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }] };
}

const tokens = (value: object) => [{ key: "gen_ai.usage.input_tokens", value }];

test.each([
  ["of 1970", { startTimeUnixNano: "0", endTimeUnixNano: "1" }],
  ["of 2100", { startTimeUnixNano: "4102444800000000001", endTimeUnixNano: "4102444800000000002" }],
  ["of the last nanosecond that there is", { startTimeUnixNano: "18446744073709551615" }],
  ["that ends before it starts", { endTimeUnixNano: "1" }],
  ["of NaN tokens", { attributes: tokens({ doubleValue: "NaN" }) }],
  ["of infinitely many tokens", { attributes: tokens({ doubleValue: "Infinity" }) }],
  ["of more tokens than fit", { attributes: tokens({ doubleValue: 1e300 }) }],
  ["of tokens over 64 bits", { attributes: tokens({ intValue: "36893488147419103232" }) }],
  ["of fewer than no tokens", { attributes: tokens({ intValue: "-5" }) }],
  ["of half a token", { attributes: tokens({ doubleValue: 0.5 }) }],
  ["with a name of a megabyte", { name: "x".repeat(1_000_000) }],
  ["with half a character in its name", { name: "a\ud800b" }],
  ["with zero bytes in its name", { name: "a\0b" }],
  [
    "with 10,000 attributes",
    { attributes: Array.from({ length: 10_000 }, (_, at) => ({ key: `k${at}`, value: { intValue: "1" } })) },
  ],
])("a span %s is kept, and so are those beside it", async (_what, change) => {
  const { traceId, spans } = await aTurn();
  const answer = await post("/v1/traces", requestOf([modelCall(traceId, "1"), modelCall(traceId, "2", change)]));
  expect(answer).toEqual({ status: 200, body: "{}" });
  expect(await spans()).toHaveLength(2);
});

test.each([
  ["no trace id", { traceId: "" }],
  ["a trace id of zeros", { traceId: "0".repeat(32) }],
  ["no span id", { spanId: "" }],
  ["a span id that is no hex", { spanId: "xyzxyzxyzxyzxyzx" }],
  ["a start that is no number", { startTimeUnixNano: "yesterday" }],
])("a span with %s is refused by name, those beside it are kept", async (_what, change) => {
  const { traceId, spans } = await aTurn();
  const answer = await post("/v1/traces", requestOf([modelCall(traceId, "1"), modelCall(traceId, "2", change)]));
  expect([answer.status, answer.body]).toEqual([
    200,
    expect.stringMatching(/"rejectedSpans":"1","errorMessage":"[^"]/),
  ]);
  expect(await spans()).toHaveLength(1);
});

test.each([
  ["NaN", { doubleValue: "NaN" }],
  ["Infinity", { doubleValue: "-Infinity" }],
])("an evaluation of %s is refused", async (_what, value) => {
  const attributes = [
    { key: "perch.session.id", value: { stringValue: "s" } },
    { key: "gen_ai.evaluation.name", value: { stringValue: "reward" } },
    { key: "gen_ai.evaluation.score.value", value },
  ];
  const logRecords = [{ eventName: "gen_ai.evaluation.result", timeUnixNano: NS, attributes }];
  const answer = await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('"rejectedLogRecords":"1"') });
});

test("the same batch sent five times, also at once, counts once", async () => {
  const { traceId, spans } = await aTurn();
  const batch = requestOf([modelCall(traceId, "1"), modelCall(traceId, "2")]);
  await post("/v1/traces", batch);
  await Promise.all(Array.from({ length: 4 }, () => post("/v1/traces", batch)));
  expect(await spans()).toHaveLength(2);
});

test("half a character, where a reader cut a text, does not keep its neighbours out of the store", async () => {
  const { traceId, spans } = await aTurn();
  const cut = aSpan({ traceId, spanId: "1".padStart(16, "0"), errorMessage: "broken \ud83d" });
  await traces.store.appendSpans([cut, aSpan({ traceId, spanId: "2".padStart(16, "0") })]);
  expect(await spans()).toHaveLength(2);
});

test("a span belongs to its turn whatever the agent's clock says, and a clock that is ahead is counted", async () => {
  const { traceId, spans } = await aTurn();
  const ahead = `${NOW + 3_600_000}000000`;
  const behind = `${NOW - 3_600_000}000000`;
  const times = [ahead, behind, NS];
  await post(
    "/v1/traces",
    requestOf(times.map((at, index) => modelCall(traceId, `${index + 1}`, { startTimeUnixNano: at }))),
  );
  expect(await spans()).toHaveLength(3);
  expect(intake.counters).toMatchObject({ spansKept: 3, spansAhead: 1, spansOddlyTimed: 0 });
});

test("tools beyond the cap are stored in one bucket, and the collector says how many", async () => {
  const { traceId, spans } = await aTurn();
  const named = (index: number) => [
    { key: "gen_ai.operation.name", value: { stringValue: "execute_tool" } },
    { key: "gen_ai.tool.name", value: { stringValue: `order-${index}` } },
  ];
  const all = Array.from({ length: 3000 }, (_, index) =>
    modelCall(traceId, (index + 1).toString(16), { name: "execute_tool", attributes: named(index) }),
  );
  expect((await post("/v1/traces", requestOf(all))).status).toBe(200);
  const names = new Set((await spans()).map(({ tool }) => tool?.name));
  expect([names.size, names.has("(other)")]).toEqual([1001, true]);
  expect(intake.counters.namesOverflowed).toMatchObject({ tool: 2000, model: 0, span: 0 });
});
