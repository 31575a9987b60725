import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createApiClient, type ApiClient } from "./api-client.ts";

let server: Server;
let client: ApiClient;
let asked: { method: string; url: string; type: string | null; body: string }[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      asked.push({ method, url, type: request.headers["content-type"] ?? null, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  client = createApiClient(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answerJson(status: number, value: unknown): void {
  answer = (_, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

const ENTRY = { sequence: 1, at: 5, subject: "r", type: "t", body: {}, previousHash: "p", hash: "h" };

test("an answer is parsed, and ids are escaped in paths", async () => {
  answerJson(200, [ENTRY]);
  expect(await client.ledger("a/b")).toEqual([ENTRY]);
  expect(asked).toEqual([{ method: "GET", url: "/v1/rollouts/a%2Fb/ledger", type: null, body: "" }]);
});

test("a rollout file is posted as it stands", async () => {
  answerJson(400, { error: { code: "spec_invalid", message: "m", hint: "h" } });
  await client.startRollout("kind: Rollout # mine\n").catch(() => null);
  expect(asked).toEqual([
    { method: "POST", url: "/v1/rollouts", type: "application/yaml", body: "kind: Rollout # mine\n" },
  ]);
});

test("a refusal keeps the server's message, hint and places", async () => {
  answerJson(422, {
    error: {
      code: "spec_invalid",
      message: "found 2",
      hint: "do x",
      problems: [{ message: "p", line: 3, column: 4 }, { message: "q" }],
    },
  });
  await expect(client.rollouts()).rejects.toMatchObject({
    code: "request_refused",
    message: "found 2",
    hint: "do x",
    problems: [{ message: "p", line: 3, column: 4 }, { message: "q" }],
  });
});

test.each([
  [500, "<html>"],
  [200, "not json"],
  [200, '{"other":"service"}'],
])("status %i with the body %j is told apart from an answer of Perch", async (status, body) => {
  answer = (_, response) => response.writeHead(status).end(body);
  await expect(client.agents()).rejects.toMatchObject({ code: "answer_invalid" });
});

test("a server that is not there and one that hangs up are unreachable", async () => {
  answer = (request) => request.socket.destroy();
  await expect(client.agents()).rejects.toMatchObject({ code: "server_unreachable" });
  await expect(createApiClient("http://127.0.0.1:1").agents()).rejects.toMatchObject({
    code: "server_unreachable",
    hint: expect.stringContaining("perch up"),
  });
});

test.each(["", "localhost:4600", "ftp://x", "4600"])("the address %j is refused", (url) => {
  expect(() => createApiClient(url)).toThrow(expect.objectContaining({ code: "usage" }));
});
