import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { digestOf, parseAgentName, parseSessionId, TelemetryError, type TraceStore } from "@perch/domain";
import { aScore } from "@perch/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { createIntake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

const SESSION = parseSessionId("session-1");
const SCORE = { session: SESSION, name: "helpful", value: 0.5 };

let store: TraceStore;
let now: number;
let collector: ReturnType<typeof createCollectorRoutes>;

beforeEach(() => {
  ({ store } = createMemoryTraceStore());
  now = 5000;
  collector = aCollector();
});

function aCollector(change: Partial<TraceStore> = {}) {
  const intake = createIntake({
    store: { ...store, ...change },
    assembler: { noteTurns: () => undefined, noteSpans: () => undefined },
    onShadowTurns: () => undefined,
    sentiment: { scoreOf: () => 0 },
    now: () => now,
  });
  return createCollectorRoutes(intake);
}

async function post(path: string, body: unknown, key?: string) {
  const headers = { "content-type": "application/json", ...(key !== undefined && { "idempotency-key": key }) };
  const response = await collector.request(path, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: await response.json() };
}

async function scores() {
  const [evidence] = await store.evidenceOf([{ agent: parseAgentName("support"), session: SESSION }]);
  return evidence?.scores ?? [];
}

describe("a post with an Idempotency-Key", () => {
  test("sent again it is answered the same and counts once, as old as it was at first", async () => {
    const batch = { scores: [SCORE, { ...SCORE, name: "correct" }] };
    const first = await post("/v1/scores", batch, "key-1");
    now = 9000;
    expect(await post("/v1/scores", batch, '"key-1"')).toEqual(first);
    expect(first).toEqual({ status: 200, body: { accepted: 2 } });
    expect((await scores()).map(({ name, at }) => [name, at])).toEqual([
      ["helpful", 5000],
      ["correct", 5000],
    ]);
  });

  test("with another body is refused, and nothing of it is stored", async () => {
    await post("/v1/scores", { scores: [SCORE] }, "key-1");
    const refused = await post("/v1/scores", { scores: [{ ...SCORE, value: 0 }] }, "key-1");
    expect(refused).toMatchObject({ status: 422, body: { error: { code: "key_reused" } } });
    expect((await scores()).map(({ value }) => value)).toEqual([0.5]);
  });

  test("that was claimed before the store failed is taken when it is sent again", async () => {
    let isBroken = true;
    collector = aCollector({
      appendScores: async (all) => {
        if (isBroken) throw new TelemetryError({ code: "store_failed", message: "disk full", hint: "" });
        await store.appendScores(all);
      },
    });
    expect((await post("/v1/scores", { scores: [SCORE] }, "key-1")).status).toBe(503);
    [isBroken, now] = [false, 9000];
    expect((await post("/v1/scores", { scores: [SCORE] }, "key-1")).status).toBe(200);
    expect((await scores()).map(({ at }) => at)).toEqual([5000]);
  });

  test("that was refused for its body leaves the key free for the mended one", async () => {
    expect((await post("/v1/scores", { scores: [{ ...SCORE, session: "has spaces" }] }, "key-1")).status).toBe(400);
    expect((await post("/v1/scores", { scores: [SCORE] }, "key-1")).status).toBe(200);
  });

  test.each(["", "has spaces", "x".repeat(201)])("cannot be %j", async (key) => {
    expect((await post("/v1/scores", { scores: [SCORE] }, key)).status).toBe(400);
  });
});

test("without a key each score needs an id of its own", async () => {
  const refused = await post("/v1/scores", { scores: [{ ...SCORE, id: "1" }, SCORE] });
  expect(refused).toMatchObject({
    status: 400,
    body: { error: { problems: [{ message: expect.stringContaining("scores[1].id") }] } },
  });
});

describe("a score posted again under its id", () => {
  const batch = { scores: [{ ...SCORE, id: "1" }] };

  test("counts once, and is as old as it was at first", async () => {
    await post("/v1/scores", batch);
    now = 9000;
    expect(await post("/v1/scores", batch)).toEqual({ status: 200, body: { accepted: 1 } });
    expect((await scores()).map(({ at }) => at)).toEqual([5000]);
  });

  test.each([
    ["value", { value: 0.25 }],
    ["label", { label: "better" }],
    ["name", { name: "correct" }],
    ["agent", { agent: "support" }],
    ["at", { at: 7000 }],
    ["evaluator", { evaluator: { name: "judge", version: null } }],
  ])("with another %s is refused, and nothing of the post is stored", async (field, change) => {
    await post("/v1/scores", batch);
    now = 9000;
    const others = {
      scores: [
        { ...SCORE, id: "2" },
        { ...SCORE, id: "1", ...change },
      ],
    };
    const refused = await post("/v1/scores", others, "key-1");
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "id_reused" } } });
    expect(JSON.stringify(refused.body)).toContain(`with the ${field} `);
    expect((await scores()).map(({ id, value }) => [id, value])).toEqual([["1", 0.5]]);
  });

  test("within one post is the same, or refused", async () => {
    const [score] = batch.scores;
    expect((await post("/v1/scores", { scores: [score, score] })).status).toBe(200);
    expect((await post("/v1/scores", { scores: [score, { ...score, value: 1 }] })).status).toBe(409);
    expect(await scores()).toHaveLength(1);
  });

  test("with another value at the same moment is refused, whichever comes first", async () => {
    const other = { scores: [{ ...SCORE, id: "1", value: 0 }] };
    const answers = await Promise.all([post("/v1/scores", batch), post("/v1/scores", other)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect((await scores()).map(({ value }) => value)).toEqual([0.5]);
  });

  test("of another session is another score", async () => {
    await post("/v1/scores", batch);
    expect((await post("/v1/scores", { scores: [{ ...SCORE, id: "1", session: "session-2", value: 1 }] })).status).toBe(
      200,
    );
  });

  test("may be another one once the post that had the id was refused", async () => {
    await post("/v1/scores", { scores: [{ ...SCORE, id: "2" }] });
    await post("/v1/scores", {
      scores: [
        { ...SCORE, id: "1" },
        { ...SCORE, id: "2", value: 0 },
      ],
    });
    expect((await post("/v1/scores", { scores: [{ ...SCORE, id: "1", value: 1 }] })).status).toBe(200);
  });
});

test("a score keeps who judged, and which version", async () => {
  await post("/v1/scores", { scores: [{ ...SCORE, id: "1", evaluator: { name: "judge", version: "2026-01" } }] });
  expect(await scores()).toEqual([
    aScore({ id: "1", value: 0.5, at: 5000, evaluator: "judge", evaluatorVersion: "2026-01" }),
  ]);
});

describe("what users say", () => {
  const said = { id: "1", session: SESSION };

  test.each([
    [{ thumb: "up" }, { value: 1, label: "up" }],
    [
      { thumb: "down", name: "chat-thumb" },
      { value: 0, label: "down", name: "chat-thumb" },
    ],
    [{ rating: 4 }, { value: 0.75, label: "4 of 5" }],
    [
      { rating: 0, worst: 0, best: 10 },
      { value: 0, label: "0 of 10" },
    ],
  ])("%j is a score from 0 to 1", async (feedback, expected) => {
    const name = "user-feedback";
    expect((await post("/v1/feedback", { feedback: [{ ...said, ...feedback }] })).status).toBe(200);
    expect(await scores()).toMatchObject([{ name, evaluator: "user", evaluatorVersion: null, ...expected }]);
  });

  test("a comment is kept as its digest only", async () => {
    await post("/v1/feedback", { feedback: [{ ...said, thumb: "down", comment: "it sent me in circles" }] });
    const kept = await scores();
    expect(kept).toMatchObject([{ commentDigest: digestOf("it sent me in circles") }]);
    expect(JSON.stringify(kept)).not.toContain("circles");
  });

  test.each([
    ["nothing that could be counted", { comment: "hm" }],
    ["a rating outside of its range", { rating: 6 }],
    ["a range upside down", { rating: 3, worst: 5, best: 1 }],
    ["both at once", { rating: 3, thumb: "up" }],
  ])("%s is refused", async (_what, feedback) => {
    expect((await post("/v1/feedback", { feedback: [{ ...said, ...feedback }] })).status).toBe(400);
    expect(await scores()).toEqual([]);
  });
});

test("an annotation on a span is a score; one that cannot count is counted as refused", async () => {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "grade",
    startTimeUnixNano: "1000000000",
    endTimeUnixNano: "1005000000",
    attributes: [
      text("openinference.span.kind", "EVALUATOR"),
      text("perch.session.id", SESSION),
      text("session.annotations.0.annotation.name", "resolved"),
      { key: "session.annotations.0.annotation.score", value: { doubleValue: 0.25 } },
      text("annotations.0.annotation.name", "tone"),
      text("annotations.0.annotation.label", "warm"),
    ],
  };
  const taken = await post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  expect(taken).toEqual({ status: 200, body: {} });
  expect(await scores()).toMatchObject([{ name: "resolved", value: 0.25, at: 1005 }]);
  const counters = await (await collector.request("/v1/collector")).json();
  expect(counters).toMatchObject({ scores: 1, evaluationsRefused: 1 });
});

test("what a span says of the outcome of its session, and that somebody took over, is kept as scores", async () => {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "GET /chat",
    startTimeUnixNano: "1000000000",
    endTimeUnixNano: "1005000000",
    attributes: [
      text("perch.session.id", SESSION),
      text("perch.outcome", "failure"),
      text("perch.escalation", "asked for a person"),
    ],
  };
  const nameless = { ...span, spanId: "00f067aa0ba902b7", attributes: [text("perch.outcome", "success")] };
  const traces = { resourceSpans: [{ scopeSpans: [{ spans: [span, nameless] }] }] };
  await post("/v1/traces", traces);
  await post("/v1/traces", traces);
  expect(await scores()).toMatchObject([
    { name: "outcome", value: 0, label: "failure", at: 1005 },
    { name: "perch.escalation", value: 1, label: "asked for a person" },
  ]);
  const counters = await (await collector.request("/v1/collector")).json();
  expect(counters).toMatchObject({ evaluationsRefused: 2 });
});
