import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLiveSystem, until, type LiveSystem } from "./live-system.ts";

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

const received: Received[] = [];
let isAgreed = false;
let receiver: Server;
let system: LiveSystem;
let files: string;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body });
      response.writeHead(request.url === "/cab" && !isAgreed ? 403 : 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  files = mkdtempSync(join(tmpdir(), "perch-webhooks-"));
  writeFileSync(join(files, "slack-url"), `${urlOf("/slack")}\n`);
  writeFileSync(
    join(files, "notifications.yaml"),
    `apiVersion: perch.dev/v1
kind: Notifications
channels: [{ name: oncall, type: slack, url: { file: slack-url } }]
`,
  );
  const releases = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
  system = await startLiveSystem(releases, "--notifications", join(files, "notifications.yaml"));
  await system.startGateway("gw-1");
}, 180_000);

afterAll(async () => {
  await system?.stop();
  receiver.close();
  rmSync(files, { recursive: true, force: true });
});

function urlOf(path: string): string {
  return `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`;
}

const at = (path: string) => received.filter((one) => one.path === path);

async function phase(): Promise<string> {
  const { out } = await system.perch("rollout", "status", "support-2-3-1", "--json");
  return String(JSON.parse(out).phase);
}

/** As a receiver does it that knows nothing of Perch but the page about webhooks. */
function isSignedBy(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.trim().slice("whsec_".length), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  return headers["webhook-signature"] === `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

test("a rollout waits for whoever has to agree, also across a crash, and a rollback is told to people", async () => {
  const file = join(files, "rollout.yaml");
  writeFileSync(
    file,
    `apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  steps: [ { setWeight: 40, pause: { duration: 1h } } ]
  analysis:
    gates: [ { name: error-rate, kind: proportion } ]
    webhooks:
      - { type: confirm-rollout, name: cab, url: "${urlOf("/cab")}", metadata: { ticket: CHG-7 } }
      - { type: event, url: "${urlOf("/event")}" }
`,
  );
  expect((await system.perch("rollout", "start", "-f", file)).code).toBe(0);
  await until(
    () => at("/cab"),
    (asked) => asked.length >= 2,
  );
  expect(await phase()).toBe("Preparing");
  expect(JSON.stringify(await system.read("/v1/rollouts/support-2-3-1"))).toContain("webhook cab (confirm-rollout)");

  await system.killServer();
  await system.startServer();
  await until(
    () => at("/cab"),
    (asked) => asked.length >= 4,
  );
  isAgreed = true;
  await until(phase, (now) => now === "Baking");
  const ids = new Set(at("/cab").map(({ headers }) => headers["webhook-id"]));
  expect(ids.size).toBe(1);
  const secret = readFileSync(join(system.scratch, "server", "webhook-secret"), "utf8");
  expect(at("/cab").every((one) => isSignedBy(secret, one))).toBe(true);
  expect(JSON.parse(at("/cab")[0]?.body ?? "")).toMatchObject({
    type: "confirm-rollout",
    data: { rollout: "support-2-3-1", agent: "support", phase: "Preparing", metadata: { ticket: "CHG-7" } },
  });

  expect((await system.perch("rollout", "rollback", "support-2-3-1", "--reason", "it lies")).code).toBe(0);
  const told = await until(
    () => at("/slack"),
    (all) => all.length > 0,
  );
  expect(JSON.parse(told[0]?.body ?? "").text).toContain("*support 2.3.0 → 2.3.1* is rolled back");
  const events = await until(
    () => at("/event").map(({ body }) => String(JSON.parse(body).data.phase)),
    (phases) => phases.includes("RolledBack"),
  );
  expect(events.slice(0, 2)).toEqual(["Pending", "Preparing"]);
  const ledger = JSON.stringify(await system.read("/v1/rollouts/support-2-3-1/ledger"));
  expect(ledger).toContain("hookAnswered");
}, 180_000);
