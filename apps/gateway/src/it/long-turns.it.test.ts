import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { call, cleanUp, startAgent, startGateway, startServer, temporaryDirectory, until } from "./harness.ts";
import { tableOf } from "./tables.ts";

const IDLE_MS = 3000;

afterEach(cleanUp);

test("a session whose turn goes on for longer than the idle timeout stays with its release", async () => {
  let held: ServerResponse | null = null;
  const canary = await startAgent((request, response) => {
    if (request.url === "/long") {
      held = response;
      response.write("begun");
    } else response.end("canary");
  });
  const baseline = await startAgent((_request, response) => response.end("baseline"));
  const server = await startServer();
  const publish = async (sequence: number, weightBp: number): Promise<void> => {
    const urls = { baseline: [baseline.url], canary: [canary.url] };
    server.publish(tableOf({ sequence, weightBp, ...urls, agent: { idleTimeoutMs: IDLE_MS } }));
    await until(
      () => server.acks.at(-1)?.sequence,
      (acked) => acked === sequence,
    );
  };
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await publish(1, 10_000);
  const headers = { "x-session-id": "long" };
  const long = call(`${gateway.url}/support/long`, { headers });
  await until(
    () => held,
    (response) => response !== null,
  );
  // From now on new sessions meet the baseline.
  await publish(2, 0);
  await new Promise((resolve) => setTimeout(resolve, 2 * IDLE_MS));
  expect((await call(`${gateway.url}/support/chat`, { headers })).text).toBe("canary");
  expect((await call(`${gateway.url}/support/chat`, { headers: { "x-session-id": "new" } })).text).toBe("baseline");
  (held as ServerResponse | null)?.end(" and ended");
  expect((await long).text).toBe("begun and ended");
});
