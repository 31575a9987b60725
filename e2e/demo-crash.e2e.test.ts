import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openChdbTraceStore } from "@perch/adapters/clickhouse";
import { parseAgentName, parseSessionId } from "@perch/domain";
import { demoResultSchema } from "./demo-result.ts";
import { firstUrl, lastJson, newDataDirectory, pidOf, runPerchInTest, waitFor } from "./run-perch.ts";

const data = newDataDirectory();
afterAll(() => rmSync(data, { recursive: true, force: true }));

const MARKER = { agent: "support", session: "marker-session", traceId: "5eed".repeat(8), spanId: "5eed".repeat(4) };

test("kill -9 of gateway and server in mid-rollout changes nothing of the outcome and loses nothing acknowledged", async () => {
  const run = runPerchInTest(["demo", "--json", "--exit", "--data", data]);
  const consoleUrl = await waitFor("the console's URL", () => firstUrl(run.stderr()), { run, timeoutMs: 120_000 });
  const canary = (atLeast: number) => async () => ((await canarySessions(consoleUrl)) >= atLeast ? true : null);

  await waitFor("the first canary sessions", canary(5), { run, timeoutMs: 120_000 });
  const gateway = await waitFor("the gateway", () => pidOf(data, "gateway"), { run, timeoutMs: 30_000 });
  process.kill(gateway, "SIGKILL");

  await waitFor("more canary sessions after the gateway's restart", canary(15), { run, timeoutMs: 120_000 });
  const server = await waitFor("the server", () => pidOf(data, "server"), { run, timeoutMs: 30_000 });
  await acknowledgeMarker(consoleUrl);
  process.kill(server, "SIGKILL");

  expect(await run.ended, run.stderr().slice(-2_000)).toBe(0);
  const result = demoResultSchema.parse(lastJson(run));
  expect(result).toMatchObject({ outcome: "rolledBack", culprits: ["escalation-rate"], switchedSessions: 0 });
  expect(result.restarts).toEqual({ server: 1, gateway: 1 });
  expect(result.customers.failed).toBe(0);

  const { store } = await openChdbTraceStore({ directory: join(data, "server", "chdb") });
  const [marker] = await store.evidenceOf([
    { agent: parseAgentName(MARKER.agent), session: parseSessionId(MARKER.session) },
  ]);
  await store.close();
  expect(marker?.turns.map((turn) => turn.traceId)).toEqual([MARKER.traceId]);
  expect(marker?.spans.map((span) => span.spanId)).toEqual([MARKER.spanId]);
});

async function canarySessions(consoleUrl: string): Promise<number> {
  try {
    const rollouts: unknown = await (await fetch(`${consoleUrl}/v1/rollouts`)).json();
    const text = JSON.stringify(rollouts);
    return Number(/"canary":\{"sessions":(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    // The server may just be coming back.
    return 0;
  }
}

/** One span and one turn whose acknowledgement has arrived before anything else happens. */
async function acknowledgeMarker(serverUrl: string): Promise<void> {
  const now = Date.now();
  const attributes = [
    ["gen_ai.operation.name", "invoke_agent"],
    ["gen_ai.request.model", "marker"],
    ["perch.session.id", MARKER.session],
  ].map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const span = {
    traceId: MARKER.traceId,
    spanId: MARKER.spanId,
    name: "invoke_agent marker",
    kind: 1,
    startTimeUnixNano: `${now}000000`,
    endTimeUnixNano: `${now + 1}000000`,
    attributes,
  };
  const turn = {
    id: "marker-turn",
    kind: "turn",
    gateway: "marker",
    agent: "support",
    session: MARKER.session,
    release: `sha256:${"0".repeat(64)}`,
    arm: "baseline",
    rollout: null,
    step: null,
    traceId: MARKER.traceId,
    startedAt: now,
    durationMs: 1,
    firstByteMs: 1,
    status: 200,
    fault: null,
    requestBytes: 0,
    responseBytes: 0,
    endsSession: false,
    isSynthetic: true,
  };
  await post(`${serverUrl}/v1/traces`, {
    resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: "gen_ai" }, spans: [span] }] }],
  });
  await post(`${serverUrl}/v1/turns`, { turns: [turn] });
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status, await answer.text()).toBe(200);
}
