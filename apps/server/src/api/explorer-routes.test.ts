import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { sessionPathsSchema, traceViewSchema } from "@perch/api";
import { digestOf, parseSessionId } from "@perch/domain";
import { aMaturedSession, aScore, aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { beforeEach, expect, test } from "vitest";
import { createApp } from "./app.ts";
import { createExplorerRoutes } from "./explorer-routes.ts";

const TRACE = aTurnRecord().traceId;

let traces: ReturnType<typeof createMemoryTraceStore>;
let app: ReturnType<typeof createApp>;

beforeEach(() => {
  traces = createMemoryTraceStore();
  const book = { agent: () => null, held: () => null };
  const routes = [createExplorerRoutes({ book, now: () => 5000, ...traces })];
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const views = { overview: () => Promise.reject(new Error("not asked")) };
  app = createApp({ log, views, feed: { followOverview: () => () => {} }, routes });
});

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const answer = await app.request(path);
  return { status: answer.status, body: await answer.json() };
}

test("a session's path has its turns with their steps, its scores, and what it came to", async () => {
  const attribution = { ...aSpan().attribution, release: digestOf("mis-deployed") };
  await traces.store.appendTurns([aTurnRecord()]);
  await traces.store.appendSpans([
    aSpan({ attribution, isError: true, errorType: "tool_error", tool: aToolCall({ argumentShape: "id:string" }) }),
  ]);
  await traces.store.appendScores([aScore({ evaluator: "judge", evaluatorVersion: "2" })]);
  await traces.store.appendSessions([aMaturedSession({ isEscalated: true })]);
  const { body } = await get("/v1/sessions/session-1");
  const { sessions } = sessionPathsSchema.parse(body);
  expect(sessions).toMatchObject([
    {
      agent: "support",
      session: "session-1",
      turns: [
        {
          traceId: TRACE,
          steps: [
            {
              kind: "tool",
              name: "lookup_order",
              argumentShape: "id:string",
              error: { type: "tool_error" },
              claims: { digest: digestOf("mis-deployed") },
            },
          ],
        },
      ],
      scores: [{ name: "helpful", evaluator: "judge", evaluatorVersion: "2" }],
      matured: { isEscalated: true, endedBy: "signal" },
    },
  ]);
});

test("of an id that nobody has there is no session, and no other agent's", async () => {
  await traces.store.appendTurns([aTurnRecord({ session: parseSessionId("s-9") })]);
  expect((await get("/v1/sessions/unknown")).body).toMatchObject({ sessions: [] });
  expect((await get("/v1/sessions/s-9?agent=sales")).body).toMatchObject({ sessions: [] });
  expect((await get("/v1/sessions/s-9?agent=support")).body).toMatchObject({ sessions: [{ agent: "support" }] });
});

test("a trace is its steps, also before a turn record tells whose it is", async () => {
  await traces.store.appendSpans([aSpan()]);
  const { body } = await get(`/v1/traces/${TRACE.toUpperCase()}`);
  expect(traceViewSchema.parse(body)).toMatchObject({
    traceId: TRACE,
    steps: [{ name: "lookup_order", claims: null }],
  });
});

test.each([
  ["/v1/traces/short", 400, "query_malformed"],
  ["/v1/rollouts/none/transitions", 404, "unknown_rollout"],
  ["/v1/rollouts/none/percentiles", 404, "unknown_rollout"],
])("%s is answered with what was found and expected", async (path, status, code) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code } } });
});
