import { startHttpServer, type HttpServer } from "@perch/testkit/servers";
import { afterEach, expect, test } from "vitest";
import { gatewayHeaders, inRequest } from "../it/recorded-spans.ts";
import { createTransaction, createTransactionSender } from "./transaction.ts";

let server: HttpServer | null = null;
afterEach(async () => await server?.stop());

async function perchAnswering(...statuses: readonly number[]) {
  const left = [...statuses];
  server = await startHttpServer((_request, response) => {
    response.writeHead(left.shift() ?? 200, { "retry-after": "0" }).end('{"accepted":1}');
  });
  const { received, host } = server;
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}/`, OTEL_EXPORTER_OTLP_HEADERS: "X-Token=a%20b" };
  const send = createTransactionSender(environment, null);
  const transaction = createTransaction({ send, now: () => 7, agent: "support", release: null });
  const reports = () => received.map(({ body }) => JSON.parse(body.toString()) as unknown);
  return { transaction, received, reports, host };
}

test("what is opened within a request is its session's and its release's, and is sent until Perch has it", async () => {
  const { transaction, received, reports } = await perchAnswering(503, 200);
  const headers = gatewayHeaders("canary");
  expect(await inRequest(headers, () => transaction.open("refund", "r-1"))).toEqual({ kind: "accepted" });
  expect(received.map(({ path, headers: sent }) => [path, sent["x-token"]])).toEqual(
    [1, 2].map(() => ["/v1/transactions", "a b"]),
  );
  const place = { session: "s-1", release: "sha256:ab", agent: "support" };
  const report = { tool: "refund", id: "r-1", state: "open", ...place, at: 7 };
  expect(reports()).toEqual([1, 2].map(() => ({ transactions: [report] })));
});

test("it is closed from anywhere, and opened for another session without a release of this one", async () => {
  const { transaction, reports } = await perchAnswering();
  expect(await transaction.close("refund", "r-1", { at: 9 })).toEqual({ kind: "accepted" });
  await inRequest(gatewayHeaders("canary"), () => transaction.open("refund", "r-2", { session: "other" }));
  expect(reports()).toMatchObject([
    { transactions: [{ state: "closed", session: null, release: null, at: 9 }] },
    { transactions: [{ state: "open", session: "other", release: null }] },
  ]);
});

test("a shadow begins nothing, and without a session there is nothing to open", async () => {
  const { transaction, received } = await perchAnswering();
  const shadow = await inRequest(gatewayHeaders("shadow"), () => transaction.open("refund", "r-1", { session: "s" }));
  expect([shadow.kind, (await transaction.open("refund", "r-1")).kind, received.length]).toEqual([
    "skipped",
    "skipped",
    0,
  ]);
});

test("a refusal is a receipt that says why", async () => {
  const { transaction, host } = await perchAnswering(409);
  const receipt = await transaction.open("refund", "r-1", { session: "s" });
  expect(receipt).toMatchObject({ kind: "failed", because: expect.stringContaining("status 409") });
  const elsewhere = createTransactionSender({ PERCH_SERVER: `http://${host}/perch/` }, "http://collector:4318");
  const report = { tool: "t", id: "i", state: "closed", session: null, release: null, agent: null, at: 1 } as const;
  expect(await elsewhere(report)).toEqual({ kind: "accepted" });
  expect(server?.received.at(-1)?.path).toBe("/perch/v1/transactions");
});
