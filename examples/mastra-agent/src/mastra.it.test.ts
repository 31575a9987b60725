import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModelServer } from "@perch/example-scripted-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setStage, until, type Stage } from "../../../packages/sdk/src/it/stage.ts";
import { installAgent } from "./it/install-agent.ts";

// Many modules are loaded, and compiled against, for the first time.
const MOST_MS = 180_000;
const directory = fileURLToPath(new URL("..", import.meta.url));
const trouble = await installAgent(directory);

describe.skipIf(trouble !== null)(trouble === null ? "an agent on Mastra" : `Mastra (skipped: ${trouble})`, () => {
  const scratch = mkdtempSync(join(tmpdir(), "perch-mastra-"));
  const model = createModelServer({ chunkDelayMs: 0, now: Date.now });
  beforeAll(async () => await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve)));
  afterAll(() => {
    model.closeAllConnections();
    model.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  test(
    "its program fits Mastra's types",
    () => {
      const compiler = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
      const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", directory], { encoding: "utf8" });
      expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
    },
    MOST_MS,
  );

  test(
    "without Perch's SDK its spans are its turn's, its outcome is the session's, and its shadow pays nothing",
    async () => {
      const { port } = model.address() as AddressInfo;
      const PAID_FILE = join(scratch, "paid.txt");
      const env = { PAID_FILE, OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, NODE_OPTIONS: "" };
      const stage = await setStage({ main: join(directory, "src/main.ts"), env });
      try {
        expect(await say(stage, "Where is my order P-104233?")).toContain("P-104233");
        // It remembers which order that was.
        expect(await say(stage, "I want a refund for it.")).toContain("60");
        await until("the shadow's refund", () => stage.posted().includes("rehearsed-P-104233"));
        expect(readFileSync(PAID_FILE, "utf8")).toBe("P-104233 60\n");

        const evidence = await stage.evidenceOf("chat-7");
        const spans = evidence?.spans ?? [];
        expect(new Set(spans.map(({ dialect }) => dialect))).toEqual(new Set(["mastra"]));
        expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(
          new Set(evidence?.turns.map(({ traceId }) => traceId)),
        );
        const tools = spans.filter(({ kind }) => kind === "tool").map(({ tool }) => tool?.name ?? "");
        expect(tools.toSorted()).toEqual(["lookup_order", "lookup_order", "refund"]);
        expect(spans.filter(({ kind }) => kind === "turn")).toHaveLength(2);
        const calls = spans.filter(({ kind }) => kind === "reasoning");
        expect(calls).toHaveLength(5);
        expect(calls.map((call) => call.model)).toEqual(calls.map(() => "scripted-support-sim"));
        expect(calls.filter(({ inputTokens }) => inputTokens === 0)).toEqual([]);
        expect(evidence?.scores).toMatchObject([{ name: "outcome", value: 1, label: "success" }]);
      } finally {
        await stage.clear();
      }
    },
    MOST_MS,
  );
});

async function say({ agentUrl }: Stage, message: string): Promise<string> {
  const headers = { "content-type": "application/json", "x-session-id": "chat-7" };
  const body = JSON.stringify({ message });
  return await (await fetch(`${agentUrl}/chat`, { method: "POST", headers, body })).text();
}
