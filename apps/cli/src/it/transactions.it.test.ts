import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { agentViewSchema, ledgerEntrySchema, rolloutViewSchema } from "@perch/api";
import { aBuiltRelease } from "@perch/testkit";
import { afterEach, expect, test } from "vitest";
import { ROLLOUT, startLiveSystem, until, type LiveSystem, type Running } from "./live-system.ts";

const FILE = `${ROLLOUT}
  drain: { deadline: 1s, onDeadline: evict, openTransactions: { onDeadline: cancel, hook: tool.cancel } }
  sunset: { scaledownDelay: 100ms, deleteDelay: 200ms, keepLast: 0 }
`;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Told = { readonly id: string; readonly signature: string; readonly signed: string; readonly body: string };

/** The shop that a refund is cancelled at: refuses everything until it is told otherwise. */
async function startShop() {
  const told: Told[] = [];
  const shop = { url: "", told, agrees: false };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const [id, at] = [String(request.headers["webhook-id"]), String(request.headers["webhook-timestamp"])];
      told.push({ id, signature: String(request.headers["webhook-signature"]), signed: `${id}.${at}.${body}`, body });
      response.writeHead(shop.agrees ? 200 : 503).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => void server.close());
  const address = server.address();
  shop.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/cancel`;
  return shop;
}

async function canaryOf(system: LiveSystem) {
  const { releases } = agentViewSchema.parse(await system.read("/v1/agents/support"));
  return releases.find(({ release }) => release.version === "2.3.1");
}

async function canarySession(system: LiveSystem, gateway: Running, digest: string): Promise<string> {
  for (let count = 0; count < 50; count += 1) {
    if ((await system.turn(gateway, `s-${count}`)) === digest) return `s-${count}`;
  }
  throw new Error("no session met the canary");
}

async function post(system: LiveSystem, path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return await fetch(system.url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** As an agent with any tracing sends it: a span of the tool with two attributes more. */
function spanOpening(id: string, session: string, release: string): object {
  const attributes = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "refund",
    "perch.session.id": session,
    "perch.release": release,
    "perch.transaction.id": id,
    "perch.transaction.state": "open",
  };
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "execute_tool refund",
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

test("transactions that outlast a drain are cancelled at the tool's endpoint, through refusals and the death of the server", async () => {
  const shop = await startShop();
  const releases = ["2.3.0", "2.3.1"].map((version) =>
    aBuiltRelease({ version, prompt: `Prompt of ${version}`, refundLifecycle: { cancel: shop.url } }),
  );
  const system = await startLiveSystem(releases, "--idle-timeout", "2s");
  closers.push(() => system.stop());
  const gateway = await system.startGateway("gw-1");
  await system.post("/v1/rollouts?actor=test", FILE);
  const phase = async () => rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1")).phase;
  await until(phase, (found) => found === "Baking");
  const digest = (await canaryOf(system))?.release.digest ?? "";
  const session = await canarySession(system, gateway, digest);

  const refund = { agent: "support", tool: "refund", session, state: "open", release: digest };
  const opened = await post(system, "/v1/transactions", {
    transactions: [
      { ...refund, id: "posted" },
      { ...refund, id: "done" },
    ],
  });
  expect([opened.status, await opened.json()]).toEqual([200, { accepted: 2 }]);
  expect((await post(system, "/v1/traces", spanOpening("spoken", session, digest))).status).toBe(200);
  const closing = { agent: "support", tool: "refund", id: "done", state: "closed" };
  expect((await post(system, "/v1/transactions", { transactions: [closing] })).status).toBe(200);
  await system.post("/v1/rollouts/support-2-3-1/abort", JSON.stringify({ reason: "enough" }));

  // Its sessions have gone with their idle timeout; the two refunds hold it.
  await until(
    () => canaryOf(system),
    (found) =>
      found?.livePins === 0 && (found.retirement?.openTransactions?.oldest[0]?.call?.standing ?? "") === "refused",
  );
  const shown = await system.perch("drain", "support");
  expect(shown.out).toMatch(/open {7}refund (posted|spoken) of session s-\d+, since .*; cancel refused: .*503/);
  expect(shown.out).toContain("2 transactions of its tools to be closed");

  await system.killServer();
  await system.startServer();
  const before = shop.told.length;
  await until(
    () => shop.told.length,
    (told) => told > before,
  );
  expect((await canaryOf(system))?.status).toBe("Draining");
  shop.agrees = true;
  await until(
    () => canaryOf(system),
    (found) => found?.status === "Decommissioned",
  );
  const about = ({ body }: Told): string => (JSON.parse(body) as { data: { id: string } }).data.id;
  expect(new Set(shop.told.map(about))).toEqual(new Set(["posted", "spoken"]));
  expect(new Set(shop.told.map((one) => `${one.id} ${about(one)}`)).size).toBe(2);
  const secret = readFileSync(join(system.scratch, "server", "webhook-secret"), "utf8")
    .trim()
    .slice("whsec_".length);
  for (const { signed, signature } of shop.told) {
    const right = createHmac("sha256", Buffer.from(secret, "base64")).update(signed).digest("base64");
    expect(signature).toBe(`v1,${right}`);
  }
  const entries = ledgerEntrySchema.array().parse(await system.read("/v1/agents/support/ledger"));
  const types = entries.map(({ type }) => type).filter((type) => /^drain|^transaction|^release(Dra|Dec)/.test(type));
  expect(types.slice(0, 2)).toEqual(["drainStarted", "drainOverdue"]);
  expect(types.filter((type) => type === "transactionHookCalled")).toHaveLength(2);
  expect(types.slice(-4)).toEqual([
    "transactionHookAgreed",
    "transactionHookAgreed",
    "releaseDrained",
    "releaseDecommissioned",
  ]);
  expect((await system.perch("ledger", "verify")).code).toBe(0);
});
