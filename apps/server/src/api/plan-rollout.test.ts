import { createMemoryLedger, createMemoryTraceStore } from "@perch/adapters/in-memory";
import {
  digestOf,
  parseAgentName,
  parseSessionId,
  type MaturedSession,
  type ReleaseContent,
  type ReleaseReference,
} from "@perch/domain";
import { aMaturedSession, aReleaseContent, aTurnRecord } from "@perch/testkit";
import { expect, test } from "vitest";
import { openBook } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { parseTraffic, planRollout } from "./plan-rollout.ts";

const SUPPORT = parseAgentName("support");
const NOW = 100_000_000;
const POLICY = { escalationTools: [], successTools: [] };

const YAML = `apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  steps: [{ setWeight: 5 }, { setWeight: 50 }]
  analysis:
    gates:
      - { name: escalation-rate, kind: proportion }
      - { name: score.helpful, kind: proportion }
`;

/** A server that has known `support@2.3.0` for a long time, with an hour of its traffic. */
async function createWorld(contentOf: (reference: ReleaseReference) => ReleaseContent = () => aReleaseContent()) {
  const book = await openBook({ ledger: createMemoryLedger(), epoch: () => 0, onRecorded: () => {} });
  for (const version of ["2.3.0", "2.3.1"]) {
    const release = { digest: digestOf(version), version };
    await book.recordAgent(SUPPORT, () => ({ type: "releaseAdmitted", at: 0, release, policy: POLICY, signedBy: [] }));
  }
  const release = digestOf("2.3.0");
  await book.recordAgent(SUPPORT, () => ({
    type: "deploymentRegistered",
    at: 0,
    release,
    url: "http://127.0.0.1:1",
    replaces: false,
  }));
  const traces = createMemoryTraceStore();
  const sessions: MaturedSession[] = Array.from({ length: 300 }, (_, index) =>
    aMaturedSession({
      sequence: index + 1,
      session: parseSessionId(`s-${index}`),
      release,
      rollout: null,
      startedAt: NOW - 1000 * (index + 1),
      endedAt: NOW - 1000 * (index + 1) + 100,
      maturedAt: NOW - 1000 * (index + 1) + 120_000,
      isEscalated: index % 10 === 0,
    }),
  );
  await traces.store.appendSessions(sessions);
  await traces.store.appendTurns(
    sessions.map(({ session, startedAt }) =>
      aTurnRecord({ id: `turn of ${session}`, session, release, rollout: null, step: null, startedAt }),
    ),
  );
  const contents = { read: async (reference: ReleaseReference) => contentOf(reference) };
  return { book, contents, ...traces, idleTimeoutMs: () => 1_800_000, now: () => NOW };
}

test("reckons with the traffic of the last hour and what the baseline's sessions were", async () => {
  const forecast = await planRollout({ text: YAML, traffic: null }, await createWorld());
  expect(forecast.sessionsPerMinute).toBe(5);
  expect(forecast.maturationMs).toBe(120_000);
  expect(forecast.gates[0]).toMatchObject({ baseline: { statistic: "rate", value: 0.1 }, sessions: 300 });
});

test("reckons with what the baseline's sessions cost, how long they took and which tools they called", async () => {
  const gates = `
      - { name: turns, kind: mean, compare: { margin: 20% } }
      - { name: duration, kind: quantile }
      - { name: tool-use, kind: distribution }
`;
  const forecast = await planRollout({ text: YAML + gates.slice(1), traffic: null }, await createWorld());
  expect(forecast.gates.slice(2)).toMatchObject([
    { name: "turns", effect: "relative", sessions: 300, baseline: { statistic: "mean" } },
    { name: "duration", effect: "relative", sessions: 300, baseline: { statistic: "p95" } },
    { name: "tool-use", effect: "new", sessions: 300, baseline: { statistic: "features" } },
  ]);
});

test("with the traffic that was asked for instead, where somebody did", async () => {
  const forecast = await planRollout({ text: YAML, traffic: 80 }, await createWorld());
  expect(forecast.sessionsPerMinute).toBe(80);
});

test("a guardrail whose metric says nothing about the baseline is warned about, since it would never pass", async () => {
  const { warnings } = await planRollout({ text: YAML, traffic: 20 }, await createWorld());
  expect(warnings).toContain(
    "the gate score.helpful has produced nothing in the baseline's last 300 sessions: no step would ever be left",
  );
});

test("memory that does not go along is warned about, each way with its own words", async () => {
  const memoryOf = (type: string) => ({
    schema: {
      format: "json-schema",
      definition: { type: "object", properties: { id: { type } }, required: ["id"] },
    },
    store: { driver: "sqlite" },
  });
  const world = await createWorld((reference) => {
    const isBaseline = reference.kind === "digest" && reference.digest === digestOf("2.3.0");
    return aReleaseContent({ memory: memoryOf(isBaseline ? "string" : "integer") });
  });
  const { warnings } = await planRollout({ text: YAML, traffic: 20 }, world);
  expect(warnings.filter((warning) => warning.startsWith("memory, from the baseline"))).not.toEqual([]);
  expect(warnings.filter((warning) => warning.startsWith("memory, back from the canary"))).not.toEqual([]);
});

test("releases that cannot be read are said to be uncompared, and the rest is planned all the same", async () => {
  const world = await createWorld(() => {
    throw new Error("the registry is away");
  });
  const { warnings, steps } = await planRollout({ text: YAML, traffic: 20 }, world);
  expect(warnings).toContain("the releases cannot be compared: the registry is away");
  expect(steps).toHaveLength(2);
});

test("a wrong file is refused with its lines, as when it is started", async () => {
  const text = YAML.replace("setWeight: 50", "setWeight: 2");
  const refusal = planRollout({ text, traffic: 20 }, await createWorld());
  await expect(refusal).rejects.toMatchObject({ code: "spec_invalid", problems: [{ line: 7 }] });
});

test.each(["0", "-3", "many", "Infinity"])("?traffic=%s is refused", (text) => {
  expect(() => parseTraffic(text)).toThrow(ApiError);
});
