import type { ScorerAnswer } from "@perch/domain";
import { aSubject, describeScorer } from "@perch/testkit";
import { freePort, startHttpServer, type HttpHandler, type HttpServer } from "@perch/testkit/servers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHttpJudge, type HttpJudgeOptions } from "./http-judge.ts";

const GOOD = { scores: [{ name: "helpful", value: 0.75, label: "good" }], costUsd: 0.002 };

let server: HttpServer;
let handle: HttpHandler;

beforeEach(async () => {
  handle = (_request, response) => void response.end(JSON.stringify(GOOD));
  server = await startHttpServer((request, response) => handle(request, response));
});
afterEach(() => server.stop());

function aJudge(change: Partial<HttpJudgeOptions> = {}) {
  const url = `http://${server.host}/judge`;
  return createHttpJudge({
    name: "judge",
    version: "7",
    url,
    scores: ["helpful"],
    auth: null,
    timeoutMs: 2000,
    ...change,
  });
}

function answersWith(status: number, body: string, headers: Record<string, string> = {}): void {
  handle = (_request, response) => void response.writeHead(status, headers).end(body);
}

describe("a judge behind HTTP", () => describeScorer(() => aJudge()));

test("is told of the session, blind, with the secret and a key that stays the same", async () => {
  const auth = async () => ({ header: "x-api-key", value: "s3cret" });
  await aJudge({ auth }).score(aSubject());
  const [request] = server.received;
  expect(request?.headers).toMatchObject({
    "x-api-key": "s3cret",
    "idempotency-key": "sha256:appraisal-1",
    "content-type": "application/json",
  });
  expect(JSON.parse(request?.body.toString() ?? "")).toEqual({
    apiVersion: "perch.dev/v1",
    kind: "JudgeRequest",
    ...aSubject(),
    scorer: { name: "judge", version: "7" },
    scores: ["helpful"],
  });
});

test("its scores and their price are taken as they are", async () => {
  expect(await aJudge().score(aSubject())).toEqual({ kind: "scored", ...GOOD });
});

test.each<[number, Record<string, string>, Partial<ScorerAnswer>]>([
  [429, { "retry-after": "3" }, { kind: "unable", retryAfterMs: 3000 }],
  [503, {}, { kind: "unable", retryAfterMs: null }],
  [401, {}, { kind: "unable", retryAfterMs: null }],
  [400, {}, { kind: "unscored" }],
  [422, {}, { kind: "unscored" }],
])("%i is one of what may pass, or of what stays", async (status, headers, expected) => {
  answersWith(status, "the prompt was: my password is x", headers);
  const answer = await aJudge().score(aSubject());
  expect(answer).toMatchObject({ ...expected, because: `answered ${status}` });
});

test.each([
  ["no JSON", "sure, 7 of 10"],
  ["no scores", "{}"],
  ["an empty list", '{"scores":[]}'],
  ["a score of another name", '{"scores":[{"name":"kind","value":1}]}'],
  ["a score twice", '{"scores":[{"name":"helpful","value":1},{"name":"helpful","value":0}]}'],
  ["a value that is none", '{"scores":[{"name":"helpful","value":"high"}]}'],
  ["a value that is too large for a number", '{"scores":[{"name":"helpful","value":1e999}]}'],
  ["a negative price", '{"scores":[{"name":"helpful","value":1}],"costUsd":-1}'],
  ["a body without end", "x".repeat(100_000)],
])("%s is no judgement, and nothing of it is repeated", async (_what, body) => {
  answersWith(200, body);
  const answer = await aJudge().score(aSubject());
  expect(answer.kind).toBe("unscored");
  expect(JSON.stringify(answer)).not.toContain("sure, 7");
});

test("a judge that does not answer in time may do better later", async () => {
  handle = () => undefined;
  const answer = await aJudge({ timeoutMs: 50 }).score(aSubject());
  expect(answer).toMatchObject({ kind: "unable", because: "did not answer in time" });
});

test("so may one that is not there, that hangs up, and one whose secret cannot be read", async () => {
  const away = await aJudge({ url: `http://127.0.0.1:${await freePort()}` }).score(aSubject());
  expect(away).toMatchObject({ kind: "unable", because: "could not be asked (ECONNREFUSED)" });
  handle = (_request, response) => void response.destroy();
  expect((await aJudge().score(aSubject())).kind).toBe("unable");
  const auth = () => Promise.reject(new Error("ENOENT"));
  expect(await aJudge({ auth }).score(aSubject())).toMatchObject({ because: "its secret could not be read" });
});

test("is never followed to another place, where the secret would go along", async () => {
  answersWith(307, "", { location: `http://${server.host}/elsewhere` });
  expect((await aJudge().score(aSubject())).kind).toBe("unable");
  expect(server.received.map(({ path }) => path)).toEqual(["/judge"]);
});
