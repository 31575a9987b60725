import { expect, test } from "vitest";
import { createStage, post, startRollout, traffic } from "../it/stage.ts";
import { createServerMetrics } from "./server-metrics.ts";

async function linesOf(figures: Parameters<typeof createServerMetrics>[0]["figures"]): Promise<readonly string[]> {
  const answer = await createServerMetrics({ version: "1.2.0", figures }).answer(
    new Request("http://127.0.0.1:4600/-/metrics"),
  );
  expect(answer?.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  return ((await answer?.text()) ?? "").split("\n").filter((line) => !line.startsWith("#"));
}

const ofStage = ({ server }: Awaited<ReturnType<typeof createStage>>): Promise<readonly string[]> =>
  linesOf(server.figures);

test("a server that leads tells where its rollout stands, what its gates say, and who knows of it", async () => {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  const rollout = `agent="support",rollout="support-2-3-1"`;
  const before = await ofStage(stage);
  expect(before).toContain(`perch_server_info{version="1.2.0"} 1`);
  expect(before).toContain("perch_server_leads 1");
  expect(before).toContain(`perch_server_rollout_phase{${rollout},phase="Baking"} 1`);
  expect(before).toContain(`perch_server_gateways{sync="Synced"} 1`);
  expect(before).toContain(`perch_server_gateways{sync="Fenced"} 0`);
  expect(before).toContain(`perch_server_agent_killed{agent="support"} 0`);
  expect(before.find((line) => line.startsWith(`perch_server_rollout_weight_ratio{${rollout}} 0.`))).toBeDefined();

  await traffic(stage, { baseline: 0.08, canary: 0.6 }, 60);
  const after = await ofStage(stage);
  const valueOf = (name: string): number =>
    Number(
      after
        .find((line) => line.startsWith(name))
        ?.split(" ")
        .at(-1),
    );
  expect(after).toContain(`perch_server_rollout_phase{${rollout},phase="RolledBack"} 1`);
  expect(after.filter((line) => line.startsWith("perch_server_rollout_phase{"))).toHaveLength(1);
  expect(after).toContain(`perch_server_rollout_weight_ratio{${rollout}} 0`);
  const gate = `{${rollout},gate="escalation-rate"}`;
  expect(after).toContain(`perch_server_gate_verdict{${rollout},gate="escalation-rate",verdict="fail"} 1`);
  expect(valueOf(`perch_server_gate_log_evidence${gate}`)).toBeGreaterThan(
    valueOf(`perch_server_gate_log_evidence_limit${gate}`),
  );
  expect(valueOf("perch_server_turns_total")).toBeGreaterThan(60);
  expect(after).toContain("perch_server_sessions_open 0");
});

test("what it did not take is counted by why, and what spans say of their release by whether it is so", async () => {
  const stage = await createStage();
  await post(stage.server, "/v1/scores", "{");
  const lines = await ofStage(stage);
  expect(lines.filter((line) => line.startsWith("perch_server_posts_failed_total{"))).toEqual([
    expect.stringMatching(/^perch_server_posts_failed_total\{code="\w+"\} 1$/),
  ]);
  expect(lines).toContain(`perch_server_spans_total{outcome="refused"} 0`);
  expect(lines).toContain(`perch_server_spans_attributed_total{agreement="misattributed"} 0`);
});

test("a server that follows says so, tells of its process, and leaves the rest to the one that leads", async () => {
  const lines = await linesOf(() => null);
  expect(lines).toContain("perch_server_leads 0");
  expect(lines.some((line) => line.startsWith("process_resident_memory_bytes "))).toBe(true);
  const own = lines.filter((line) => line.startsWith("perch_server_") && !line.startsWith("perch_server_info"));
  expect(own.filter((line) => !line.endsWith(" 0"))).toEqual([]);
});

test("no other request is answered", () => {
  const metrics = createServerMetrics({ version: "1.2.0", figures: () => null });
  expect(metrics.answer(new Request("http://127.0.0.1:4600/-/metrics", { method: "POST" }))).toBeNull();
  expect(metrics.answer(new Request("http://127.0.0.1:4600/v1/overview"))).toBeNull();
});
