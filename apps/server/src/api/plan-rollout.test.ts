import { createMemoryLedger, createMemoryTraceStore } from "@perch/adapters/in-memory";
import {
  digestOf,
  parseAgentName,
  parseSessionId,
  type MaturedSession,
  type DeclaredTool,
  type ReleaseContent,
  type ReleaseReference,
} from "@perch/domain";
import { aMaturedSession, aReleaseContent, aTurnRecord } from "@perch/testkit";
import { describe, expect, test } from "vitest";
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
async function createWorld(
  contentOf: (reference: ReleaseReference) => ReleaseContent = () => aReleaseContent(),
  toolsOf: (version: string) => readonly DeclaredTool[] = () => [],
) {
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
  const facts = {
    async read(reference: ReleaseReference) {
      const digest = reference.kind === "digest" ? reference.digest : digestOf(reference.version);
      return { digest, model: null, tools: toolsOf(digest === release ? "2.3.0" : "2.3.1") };
    },
  };
  return { book, contents, facts, ...traces, idleTimeoutMs: () => 1_800_000, now: () => NOW };
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

describe("what is to become of open transactions", () => {
  const DRAIN = YAML.replace("  steps:", "  drain:\n    openTransactions: { onDeadline: cancel }\n  steps:");
  const tool = (name: string, cancel: string | null, effect: DeclaredTool["effect"] = "write"): DeclaredTool => ({
    name,
    parameters: true,
    parametersDigest: digestOf(name),
    effect,
    lifecycle: { cancel, transfer: null },
  });
  const refund = tool("refund", "https://shop.example/cancel");

  test("is warned about where a tool that writes declares no such endpoint", async () => {
    const old = [refund, tool("book", null), tool("look_up", null, "read")];
    const world = await createWorld(undefined, (version) => (version === "2.3.0" ? old : [refund]));
    const { warnings } = await planRollout({ text: DRAIN, traffic: null }, world);
    expect(warnings.filter((one) => one.startsWith("drain."))).toEqual([
      "drain.openTransactions: cancel: no lifecycle.cancel is declared by book of 2.3.0; what such a tool leaves open is waited for until somebody says that it is closed",
    ]);
  });

  test("is refused, with its line, where no tool of either release could be asked", async () => {
    const world = await createWorld(undefined, () => [
      tool("book", null),
      tool("look_up", "https://x.example", "read"),
    ]);
    const refused = await planRollout({ text: DRAIN, traffic: null }, world).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "spec_invalid",
      problems: [
        {
          line: 8,
          message: expect.stringContaining("no tool of 2.3.0 and 2.3.1 that writes declares lifecycle.cancel"),
        },
      ],
    });
    const called = DRAIN.replace("    openTransactions: { onDeadline: cancel }", "    onDeadline: cancel");
    const other = await planRollout({ text: called, traffic: null }, world).catch((error: unknown) => error);
    expect(other).toMatchObject({
      problems: [{ message: expect.stringMatching(/^spec.drain.onDeadline: .*write evict/) }],
    });
    const waits = DRAIN.replace("onDeadline: cancel", "onDeadline: wait");
    expect((await planRollout({ text: waits, traffic: null }, world)).warnings.join()).not.toContain("drain.");
  });

  test("that nobody can check is said, and holds nothing up", async () => {
    const world = await createWorld();
    const facts = { read: () => Promise.reject(new Error("the registry is away")) };
    const { warnings } = await planRollout({ text: DRAIN, traffic: null }, { ...world, facts });
    expect(warnings).toContain("the tools of the releases cannot be read: the registry is away");
  });
});
