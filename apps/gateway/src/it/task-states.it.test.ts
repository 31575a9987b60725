import { parseSessionLearners } from "@perch/domain";
import { afterEach, expect, test } from "vitest";
import { call, cleanUp, startAgent, startGateway, startServer, temporaryDirectory, until } from "./harness.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

/** An A2A agent whose answers leave their task where the request's path says. */
async function startTasks(): Promise<string> {
  const agent = await startAgent((request, response) => {
    const [way, state] = (request.url ?? "").split("/").slice(-2);
    const rpc = (result: unknown): string => JSON.stringify({ jsonrpc: "2.0", id: 1, result });
    if (way === "message") response.setHeader("content-type", "application/json").end(rpc({ kind: "message" }));
    else if (way === "task") {
      response.setHeader("content-type", "application/json");
      response.end(rpc({ task: { id: "t-1", contextId: "c-1", status: { state } } }));
    } else {
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${rpc({ kind: "task", id: "t-1", status: { state: "working" } })}\n\n`);
      response.write(`data: ${rpc({ kind: "artifact-update", artifact: "x".repeat(300_000) })}\n\n`);
      response.end(`data: ${rpc({ kind: "status-update", final: true, status: { state } })}\n\n`);
    }
  });
  return agent.url;
}

test("a turn's record says where the answer left its task, also at the end of a long stream", async () => {
  const server = await startServer();
  const gateway = await startGateway(["--data", temporaryDirectory(), "--id", "gw-1", "--server", server.url]);
  const agent = { sessionLearners: [...parseSessionLearners("a2a")] as never };
  server.publish(tableOf({ sequence: 1, baseline: [await startTasks()], agent }));
  await until(
    () => server.acks.length,
    (acks) => acks > 0,
  );
  const asked = ["task/TASK_STATE_INPUT_REQUIRED", "stream/rejected", "message/none", "stream/completed"];
  for (const path of asked) {
    await call(`${gateway.url}/support/${path}`, { headers: { "x-session-id": "s-1" }, body: "{}" });
  }
  const posted = await until(
    () => server.posted,
    (records) => records.length === asked.length,
  );
  expect(posted.map(({ taskState }) => taskState)).toEqual(["input-required", "rejected", null, "completed"]);
});
