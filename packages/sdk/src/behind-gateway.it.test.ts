import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setStage, until, type Stage } from "./it/stage.ts";

const scratch = mkdtempSync(join(tmpdir(), "perch-refunds-"));
const PAID_FILE = join(scratch, "paid");
let stage: Stage;

beforeAll(async () => {
  const main = fileURLToPath(new URL("it/refund-agent.ts", import.meta.url));
  stage = await setStage({ main, env: { PAID_FILE } });
});
afterAll(async () => {
  await stage.clear();
  rmSync(scratch, { recursive: true, force: true });
});

async function ask(amount: number): Promise<Response> {
  const headers = { "content-type": "application/json", "x-session-id": "chat-1" };
  return await fetch(`${stage.agentUrl}/chat`, { method: "POST", headers, body: JSON.stringify({ amount }) });
}

test("an agent that is only registered is attributed, and its shadow pays nothing", async () => {
  const answer = await ask(12);
  expect(answer.status).toBe(200);
  // It is for the gateway.
  expect(answer.headers.has("x-perch-boundary")).toBe(false);
  expect(await answer.json()).toMatchObject({
    refundId: "r-12",
    session: { session: "chat-1", arm: "baseline", version: "2.3.0", isShadow: false },
    receipt: { kind: "accepted" },
  });
  expect((await ask(500)).status).toBe(400);
  expect((await ask(30)).status).toBe(200);

  await until("the spans of users and shadow", () => stage.posted().split("call.result").length > 4);
  // They may come in several posts.
  for (const part of ["none, this is a shadow", "perch.shadow.diverged", "perch-shadow/shadow/chat-1/customers"]) {
    await until(`${part} in the shadow's spans`, () => stage.posted().includes(part));
  }
  expect(readFileSync(PAID_FILE, "utf8")).toBe("2.3.0 12\n2.3.0 30\n");

  const evidence = await stage.evidenceOf("chat-1");
  const [turn] = evidence?.turns ?? [];
  const spans = (evidence?.spans ?? []).toSorted((a, b) => a.startedAt - b.startedAt);
  const tools = spans.filter(({ kind }) => kind === "tool");
  expect(tools.map(({ name, isError }) => [name, isError])).toEqual([
    ["execute_tool refund", false],
    ["execute_tool refund", true],
    ["execute_tool refund", false],
  ]);
  const memory = spans.filter(({ kind }) => kind === "memory_write");
  expect(memory).toHaveLength(2);
  for (const { attribution } of [...tools, ...memory]) {
    expect(attribution).toMatchObject({
      session: "chat-1",
      release: turn?.release,
      arm: "baseline",
      serviceVersion: "2.3.0",
    });
  }
  expect(evidence?.scores).toMatchObject([
    { name: "outcome", value: 0.9, label: "success" },
    { name: "outcome", value: 0.9, label: "success" },
  ]);
});
