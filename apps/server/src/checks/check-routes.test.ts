import { createMemoryServerState, createMemoryTraceStore } from "@perch/adapters/in-memory";
import { serverChecksSchema, type QuestionAnswer } from "@perch/api";
import { parseGatewayId } from "@perch/domain";
import { aMaturedSession, aSpan } from "@perch/testkit";
import { expect, test, vi } from "vitest";
import { createCheckRoutes, type CheckRoutesDeps } from "./check-routes.ts";

const ONE = parseGatewayId("gw-1");
const DAY_MS = 86_400_000;
const NOW = 30 * DAY_MS;

type Answers = Readonly<Record<string, QuestionAnswer["answer"] | null>>;

async function checks(change: Partial<CheckRoutesDeps> = {}, answers: Answers = {}) {
  const deps: CheckRoutesDeps = {
    version: "1.2.0",
    dataDirectory: null,
    state: createMemoryServerState(),
    traces: createMemoryTraceStore(),
    hub: { connected: () => Object.keys(answers).map((gateway) => parseGatewayId(gateway)) },
    questions: { ask: async (gateway) => answers[gateway] ?? null },
    now: () => NOW,
    newId: () => "id-1",
    ...change,
  };
  const answer = await createCheckRoutes(deps).request("/v1/checks");
  expect(answer.status).toBe(200);
  return serverChecksSchema.parse(await answer.json());
}

const broken = (words: string) => async (): Promise<never> => {
  throw new Error(words);
};

test("where everything can be written, no store has a failure", async () => {
  expect(await checks()).toEqual({
    version: "1.2.0",
    stores: [
      { store: "state", failure: null },
      { store: "traces", failure: null },
    ],
    disk: null,
    gateways: [],
    unpriced: { days: 7, models: [] },
    unjoined: { minutes: 30, spans: 0, unjoined: 0, names: [] },
  });
});

test("a store that cannot be written says why, and the other is still told of", async () => {
  const traces = createMemoryTraceStore();
  const store = { ...traces.store, claimScoreBatch: broken("no space left on device") };
  const explorer = { ...traces.explorer, unpricedModels: broken("away"), unjoinedSpans: broken("away") };
  const found = await checks({ traces: { store, explorer }, state: { forgetGateway: broken("readonly database") } });
  expect(found.stores).toEqual([
    { store: "state", failure: "readonly database" },
    { store: "traces", failure: "no space left on device" },
  ]);
  expect(found.unpriced.models).toEqual([]);
  expect(found.unjoined).toEqual({ minutes: 30, spans: 0, unjoined: 0, names: [] });
});

test("each connected gateway tells its version and of its pin store; one that is silent is there, too", async () => {
  const about = { version: "1.1.0", pinStore: { failure: "connect ECONNREFUSED" } };
  const answers: Answers = {
    [ONE]: { kind: "about", ...about },
    "gw-2": null,
    "gw-3": { kind: "failed", reason: "no" },
  };
  expect((await checks({}, answers)).gateways).toEqual([
    { gateway: "gw-1", about },
    { gateway: "gw-2", about: null },
    { gateway: "gw-3", about: null },
  ]);
});

test("models without a price are those of the last week", async () => {
  const traces = createMemoryTraceStore();
  const { measures } = aMaturedSession();
  const lacking = (model: string) => ({ measures: { ...measures, unpricedModels: [model] } });
  await traces.store.appendSessions([aMaturedSession({ ...lacking("ours-7b"), endedAt: NOW - 6 * DAY_MS })]);
  expect((await checks({ traces })).unpriced.models).toEqual([{ model: "ours-7b", sessions: 1 }]);
  expect((await checks({ traces, now: () => NOW + 2 * DAY_MS })).unpriced.models).toEqual([]);
});

test("spans of no session are those of the last half hour, but for what came in just now", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const traces = createMemoryTraceStore();
  await traces.store.appendSpans([aSpan({ name: "cron" })]);
  const after = async (minutes: number) => {
    vi.advanceTimersByTime(minutes * 60_000);
    return (await checks({ traces })).unjoined;
  };
  expect(await after(0.9)).toMatchObject({ spans: 0 });
  expect(await after(0.2)).toEqual({ minutes: 30, spans: 1, unjoined: 1, names: ["cron"] });
  expect(await after(29)).toMatchObject({ spans: 0 });
  vi.useRealTimers();
});

test("the disk of the data directory is told of; a directory that is not there is not", async () => {
  const { disk } = await checks({ dataDirectory: import.meta.dirname });
  expect(disk).toMatchObject({ directory: import.meta.dirname });
  expect(disk?.freeBytes).toBeLessThanOrEqual(disk?.totalBytes ?? 0);
  expect((await checks({ dataDirectory: "/nowhere/at/all" })).disk).toBeNull();
});
