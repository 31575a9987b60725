import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { call, cleanUp, startAgent, startGateway, startServer, temporaryDirectory, until } from "./harness.ts";
import { BASELINE, tableOf } from "./tables.ts";

afterEach(cleanUp);

type Heard = { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders };

/** A gateway that would send every new session to the canary. */
async function before() {
  const heard: Heard[] = [];
  const [baseline, canary] = await Promise.all(
    ["baseline", "canary"].map((name) =>
      startAgent((request, response) => {
        heard.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
        response.setHeader("access-control-allow-origin", "*").end(name);
      }),
    ),
  );
  const server = await startServer();
  const urls = { baseline: [baseline?.url ?? ""], canary: [canary?.url ?? ""] };
  server.publish(tableOf({ sequence: 1, weightBp: 10_000, ...urls }));
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  await until(
    () => server.acks.length,
    (count) => count === 1,
  );
  return { gateway, server, heard, agent: `${gateway.url}/support` };
}

const PREFLIGHT = { origin: "https://shop.example", "access-control-request-method": "POST" };
const NAMED = { "x-session-id": "s" };

test.each([
  { what: "a preflight", method: "OPTIONS", path: "/chat", headers: PREFLIGHT },
  { what: "a preflight that names a session", method: "OPTIONS", path: "/chat", headers: { ...PREFLIGHT, ...NAMED } },
  { what: "a question for options", method: "OPTIONS", path: "/chat", headers: {} },
  { what: "an agent's card", method: "GET", path: "/.well-known/agent-card.json", headers: {} },
])("$what goes to the current release and is nobody's turn", async ({ method, path, headers }) => {
  const { gateway, server, heard, agent } = await before();
  const answer = await call(`${agent}${path}`, { method, headers });
  expect(answer).toMatchObject({ status: 200, text: "baseline" });
  expect(answer.headers).toMatchObject({ "x-perch-release": BASELINE, "access-control-allow-origin": "*" });
  for (const name of ["set-cookie", "x-perch-session", "x-perch-pin"]) expect(answer.headers).not.toHaveProperty(name);
  expect(heard).toMatchObject([{ method, url: path, headers: { "x-perch-version": "2.3.0" } }]);
  for (const name of ["x-perch-session", "baggage"]) expect(heard[0]?.headers).not.toHaveProperty(name);

  // What comes after it is recorded as ever; whatever the first had left would have come before.
  await call(`${agent}/chat`, { method: "POST", headers: NAMED });
  await until(
    () => server.posted.length,
    (count) => count > 0,
  );
  await delay(50);
  expect(server.assigned.map(({ session }) => session)).toEqual(["s"]);
  expect(server.posted).toMatchObject([{ session: "s", arm: "canary" }]);
  expect(JSON.parse((await call(`${gateway.url}/-/status`)).text)).toMatchObject({
    pins: {
      live: [
        { version: "2.3.0", pins: 0 },
        { version: "2.3.1", pins: 1 },
      ],
    },
  });
});

test("whoever names a session reads its release's card", async () => {
  const { agent } = await before();
  const card = `${agent}/.well-known/agent-card.json`;
  expect((await call(card, { headers: NAMED })).text).toBe("canary");
});

test("an agent is told under which URL its clients know it, behind other proxies too", async () => {
  const { heard, agent } = await before();
  await call(`${agent}/chat`, { headers: { host: "agents.example", "x-forwarded-prefix": "/ai" } });
  await call(`${agent}/chat`, { headers: { host: "agents.example" } });
  expect(heard.map(({ headers }) => headers["x-forwarded-prefix"])).toEqual(["/ai/support", "/support"]);
  expect(heard[1]?.headers).toMatchObject({ "x-forwarded-host": "agents.example", "x-forwarded-proto": "http" });
});
