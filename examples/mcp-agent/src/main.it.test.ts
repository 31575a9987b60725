import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModelServer } from "@perch/example-scripted-model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setStage, until, type Stage } from "../../../packages/sdk/src/it/stage.ts";

const scratch = mkdtempSync(join(tmpdir(), "perch-mcp-agent-"));
const PAID_FILE = join(scratch, "paid");
const model = createModelServer({ chunkDelayMs: 0, now: Date.now });
let stage: Stage;

beforeAll(async () => {
  await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve));
  const { port } = model.address() as AddressInfo;
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  stage = await setStage({ main, env: { PAID_FILE, OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` } });
});
afterAll(async () => {
  await stage.clear();
  model.closeAllConnections();
  model.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function say(message: string): Promise<string> {
  const headers = { "content-type": "application/json", "x-session-id": "chat-7" };
  const body = JSON.stringify({ message });
  const signal = AbortSignal.timeout(20_000);
  return await (await fetch(`${stage.agentUrl}/chat`, { method: "POST", headers, body, signal })).text();
}

test("tools behind MCP are part of the turn that called them, and refunds of a shadow are not paid", async () => {
  expect(await say("Where is my order P-104233?")).toContain("P-104233");
  expect(await say("I want a refund for it.")).not.toBe("");
  await until("the shadow's refund", () => stage.posted().includes("rehearsed-P-104233"));
  await until("the mark of the shadow's way", () => stage.posted().includes("perch.shadow.diverged"));
  expect(readFileSync(PAID_FILE, "utf8")).toBe("P-104233 60\n");

  const evidence = await stage.evidenceOf("chat-7");
  expect(evidence?.turns).toHaveLength(2);
  const tools = (evidence?.spans ?? []).filter(({ kind }) => kind === "tool");
  expect(new Set(tools.map(({ tool }) => tool?.name))).toEqual(new Set(["lookup_order", "refund"]));
  for (const { attribution } of tools) {
    expect(attribution).toMatchObject({ session: "chat-7", release: evidence?.turns[0]?.release, arm: "baseline" });
  }
});
