import { startHttpServer, type HttpServer } from "@perch/testkit/servers";
import { afterEach, expect, test } from "vitest";
import { createEvaluationSender, type Evaluation } from "./send-evaluation.ts";

const EVALUATION: Evaluation = {
  name: "outcome",
  value: 1,
  label: "success",
  at: 1_900_000_000_000,
  explanation: null,
  traceId: null,
  spanId: null,
  attributes: { "perch.session.id": "s-1" },
};

let collector: HttpServer | null = null;
afterEach(async () => await collector?.stop());

async function answers(...statuses: readonly number[]): Promise<HttpServer> {
  const left = [...statuses];
  collector = await startHttpServer((_request, response) => {
    response.writeHead(left.shift() ?? 200, { "retry-after": "0" }).end("{}");
  });
  return collector;
}

test("the same bytes are sent again until somebody takes them", async () => {
  const { host, received } = await answers(503, 429, 200);
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}/`, OTEL_EXPORTER_OTLP_HEADERS: "X-Token=a%20b" };
  expect(await createEvaluationSender(environment, null)(EVALUATION)).toEqual({ kind: "accepted" });
  expect(received.map(({ path, headers }) => [path, headers["x-token"]])).toEqual(
    [1, 2, 3].map(() => ["/v1/logs", "a b"]),
  );
  expect(new Set(received.map(({ body }) => body.toString())).size).toBe(1);
});

test("a refusal is not sent again, and the receipt says why", async () => {
  const { host, received } = await answers(400);
  const receipt = await createEvaluationSender({}, `http://${host}`)(EVALUATION);
  expect(receipt).toMatchObject({ kind: "failed", because: expect.stringContaining("status 400") });
  expect(received).toHaveLength(1);
});

test("a 200 that took nothing is a refusal", async () => {
  const refusal = '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no session"}}';
  collector = await startHttpServer((_request, response) => void response.end(refusal));
  const receipt = await createEvaluationSender({}, `http://${collector.host}`)(EVALUATION);
  expect(receipt).toMatchObject({ kind: "failed", because: expect.stringContaining("no session") });
});

test("nobody there is a failed receipt, and no exception", async () => {
  const { host, stop } = await answers();
  await stop();
  const receipt = await createEvaluationSender(
    { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://${host}/logs` },
    null,
  )(EVALUATION);
  expect(receipt).toMatchObject({ kind: "failed", because: expect.stringContaining("/logs") });
});
