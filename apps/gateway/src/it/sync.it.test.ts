import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  call,
  cleanUp,
  open,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type FakeServer,
} from "./harness.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

const table = (sequence: number): ReturnType<typeof tableOf> => tableOf({ sequence, baseline: ["http://127.0.0.1:1"] });

async function acknowledged(server: FakeServer, sequence: number): Promise<number> {
  const ack = await until(
    () => server.acks.find((one) => one.sequence === sequence),
    (one) => one !== undefined,
  );
  return ack?.receivedAt ?? Number.NaN;
}

test("a table is acknowledged within milliseconds, and is on disk by then", async () => {
  const server = await startServer();
  const data = temporaryDirectory();
  await startGateway(["--data", data, "--server", server.url]);
  server.publish(table(1));
  await acknowledged(server, 1);
  const took: number[] = [];
  for (let sequence = 2; sequence < 22; sequence += 1) {
    const sentAt = server.publish(table(sequence));
    took.push((await acknowledged(server, sequence)) - sentAt);
    expect(JSON.parse(readFileSync(join(data, "gateway", `table-1.${sequence}.json`), "utf8")).revision.sequence).toBe(
      sequence,
    );
  }
  // Of the quickest quarter: the machine of a test run has other things to do, and waiting for a timer would delay all.
  expect(took.sort((a, b) => a - b)[5]).toBeLessThan(20);
});

test("an older table is not applied, and the newest wins when the server comes back with it", async () => {
  const server = await startServer();
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  server.publish(table(5));
  await acknowledged(server, 5);
  server.publish(table(4));
  await until(
    () => gateway.log(),
    (log) => log.includes("older routing table"),
  );
  const revisionOf = async (): Promise<unknown> =>
    JSON.parse((await call(`${gateway.url}/-/status`)).text).revision.sequence;
  expect(await revisionOf()).toBe(5);
  expect(server.acks.some((ack) => ack.sequence === 4)).toBe(false);
  await server.close();
  const back = await startServer({ port: Number(new URL(server.url).port) });
  back.publish(table(6));
  await acknowledged(back, 6);
  expect(await revisionOf()).toBe(6);
});

test("a table that contradicts itself is refused whole, and the one before stays", async () => {
  const server = await startServer();
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  server.publish(table(1));
  await acknowledged(server, 1);
  const broken = table(2);
  server.publish({ ...broken, agents: broken.agents.map((agent) => ({ ...agent, releases: [] })) });
  await until(
    () => gateway.log(),
    (log) => log.includes("not among the releases"),
  );
  expect(JSON.parse((await call(`${gateway.url}/-/status`)).text).revision.sequence).toBe(1);
});

test("a record the server refuses is set aside alone; its neighbours arrive", async () => {
  const agent = await startAgent((_request, response) => response.end("ok"));
  const server = await startServer();
  server.answerTurns = () => 503;
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  server.publish(tableOf({ sequence: 1, baseline: [agent.url] }));
  await acknowledged(server, 1);
  const sessions = ["a", "b", "bad", "c", "d"];
  for (const session of sessions) await call(`${gateway.url}/support/chat`, { headers: { "x-session-id": session } });
  server.answerTurns = (turns) => (turns.some((turn) => turn.session === "bad") ? 400 : 200);
  await until(
    () => server.posted.map((turn) => turn.session).sort(),
    (posted) => posted.join() === "a,b,c,d",
  );
  const status = await until(
    async () => JSON.parse((await call(`${gateway.url}/-/status`)).text),
    ({ outbox }) => outbox.buried === 1,
  );
  expect(status.outbox).toEqual({ pending: 0, buried: 1 });
  expect(gateway.log()).toContain("refuses a turn record");
});

test("without a table a gateway is ready all the same, and answers 503 with what to do", async () => {
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", "http://127.0.0.1:1"]);
  const answer = await call(`${gateway.url}/support/chat`);
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([503, "no_routing_table"]);
  expect((await call(`${gateway.url}/-/healthz`)).status).toBe(200);
  expect((await call(`${gateway.url}/-/nothing`)).status).toBe(404);
});

test("SIGTERM lets an open answer finish, sends what is in the outbox, and ends with 0", async () => {
  let finish = (): void => {};
  const agent = await startAgent((_request, response) => {
    response.write("begin,");
    finish = () => response.end("end");
  });
  const server = await startServer();
  server.publish(tableOf({ sequence: 1, baseline: [agent.url] }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await acknowledged(server, 1);
  const answer = await open(`${gateway.url}/support/chat`);
  const stopped = gateway.stop("SIGTERM");
  await until(
    () => gateway.log(),
    (log) => log.includes("stopping"),
  );
  await expect(call(`${gateway.url}/-/healthz`)).rejects.toThrow();
  finish();
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  expect(text).toBe("begin,end");
  expect(await stopped).toBe(0);
  expect(server.posted).toMatchObject([{ status: 200, fault: null }]);
});

test.each([
  [["--port", "70000"], "flag_invalid"],
  [["--server", "localhost"], "flag_invalid"],
  [["--colour", "red"], "flag_invalid"],
  [["--id", "two words"], "flag_invalid"],
  [["--upstream-timeout", "soon"], "flag_invalid"],
  [["--host", "203.0.113.1"], "address_unusable"],
])("bad flags %j end the start with %s and a hint", async (args, code) => {
  const words = await startGateway(["--data", temporaryDirectory(), ...args]).then(
    () => "it started",
    (error: Error) => error.message,
  );
  expect(JSON.parse(words)).toMatchObject({
    level: "error",
    code,
    hint: expect.stringMatching(/./),
  });
});

test("a taken port and a taken name each end the start with a clear error", async () => {
  const data = temporaryDirectory();
  const first = await startGateway(["--data", data, "--id", "mine"]);
  const port = new URL(first.url).port;
  await expect(startGateway(["--data", data, "--port", port])).rejects.toThrow("port_in_use");
  await expect(startGateway(["--data", data, "--id", "mine"])).rejects.toThrow("gateway_id_in_use");
  await first.stop("SIGKILL");
  expect((await startGateway(["--data", data, "--id", "mine"])).id).toBe("mine");
});

test("a data directory that is a file ends the start with its path", async () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "");
  const start = startGateway(["--data", file]);
  await expect(start).rejects.toThrow("data_directory_unusable");
  await expect(start).rejects.toThrow(file);
});
