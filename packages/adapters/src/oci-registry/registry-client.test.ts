import { expect, test } from "vitest";
import type { RegistryCredentials } from "./credentials.ts";
import { createRegistryClient } from "./registry-client.ts";

const ORIGIN = "https://r.example";
const TOKENS = "https://tokens.example/t";

type Asked = { readonly method: string; readonly url: URL; readonly headers: Headers; readonly body: string };

/** A client and, instead of the network, a function. */
function clientOn(answer: (asked: Asked) => Response, credentials: RegistryCredentials | null = null) {
  const asked: Asked[] = [];
  const clock = { now: 0 };
  const client = createRegistryClient({
    origin: ORIGIN,
    credentials: async () => credentials,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { method, headers } = request;
      const received = { method, url: new URL(request.url), headers, body: await request.text() };
      asked.push(received);
      return answer(received);
    },
    now: () => clock.now,
    timeoutMs: 60_000,
    sleep: async () => undefined,
    random: () => 0.5,
  });
  const read = (scope = "repository:a:pull") =>
    client.send({ method: "GET", url: "/v2/a", scopes: [scope], statuses: [200] });
  return { read, client, clock, tokenRequests: () => asked.filter(({ url }) => url.href.startsWith(TOKENS)) };
}

/** Wants a token for everything; gives each the next number. */
function wantingTokens(token: () => object, parameters = `,service="the service"`): (asked: Asked) => Response {
  return ({ url, headers }) => {
    if (url.href.startsWith(TOKENS)) return Response.json(token());
    if (headers.has("authorization")) return new Response("fine");
    return new Response(null, {
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${TOKENS}"${parameters}` },
    });
  };
}

const PASSWORD = { kind: "password", username: "ci", password: "hunter2" } as const;

test("a token is asked for by service and scope, with user and password", async () => {
  const { read, tokenRequests } = clientOn(
    wantingTokens(() => ({ token: "t" })),
    PASSWORD,
  );
  await read();
  const [request] = tokenRequests();
  expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({
    service: "the service",
    scope: "repository:a:pull",
  });
  expect(request?.headers.get("authorization")).toBe(`Basic ${btoa("ci:hunter2")}`);
});

test("without credentials a token for everybody is asked for", async () => {
  const { read, tokenRequests } = clientOn(wantingTokens(() => ({ access_token: "t" })));
  expect((await read()).status).toBe(200);
  expect(tokenRequests()[0]?.headers.has("authorization")).toBe(false);
});

test("an identity token is exchanged by a form, and stands in no address", async () => {
  const credentials = { kind: "identityToken", token: "very-secret" } as const;
  const { read, tokenRequests } = clientOn(
    wantingTokens(() => ({ access_token: "t" })),
    credentials,
  );
  await read();
  const [request] = tokenRequests();
  expect(request).toMatchObject({ method: "POST" });
  expect(request?.url.href).toBe(TOKENS);
  expect(Object.fromEntries(new URLSearchParams(request?.body))).toMatchObject({
    grant_type: "refresh_token",
    refresh_token: "very-secret",
    scope: "repository:a:pull",
    service: "the service",
  });
});

test("a token is used until it ends, each scope has its own, and many at once wait for one", async () => {
  const { read, clock, tokenRequests } = clientOn(wantingTokens(() => ({ token: "t", expires_in: 100 })));
  await Promise.all([read(), read(), read()]);
  await read();
  expect(tokenRequests()).toHaveLength(1);
  await read("repository:b:pull");
  expect(tokenRequests()).toHaveLength(2);
  clock.now = 89_000;
  await read();
  expect(tokenRequests()).toHaveLength(2);
  clock.now = 91_000;
  await read();
  expect(tokenRequests()).toHaveLength(3);
});

test("a token that would become a second header, or is none, is refused", async () => {
  for (const token of [{ token: "a\r\nx: y" }, { token: "" }, {}, { token: 5 }, { token: "t", expires_in: -1 }, []]) {
    await expect(clientOn(wantingTokens(() => token)).read()).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("an answer without a token"),
    });
  }
});

test("a token server that stumbles once is asked again", async () => {
  let stumbles = 0;
  const answer = wantingTokens(() => ({ token: "t" }));
  const { read } = clientOn((asked) => {
    if (!asked.url.href.startsWith(TOKENS) || (stumbles += 1) > 1) return answer(asked);
    return new Response(null, { status: 503 });
  });
  expect((await read()).status).toBe(200);
});

test("a scheme that nobody here knows is named", async () => {
  const { read } = clientOn(() => new Response(null, { status: 401, headers: { "www-authenticate": "Negotiate" } }));
  await expect(read()).rejects.toMatchObject({
    message: expect.stringContaining("a challenge of negotiate, expected Basic or Bearer"),
  });
});

test("https is not left for http by a redirect", async () => {
  const { read } = clientOn(() => new Response(null, { status: 302, headers: { location: "http://r.example/v2/a" } }));
  await expect(read()).rejects.toMatchObject({
    code: "registry_refused",
    message: expect.stringContaining("from https to http"),
  });
});

test("a redirect back from another host gets no credentials either", async () => {
  const seen: (string | null)[] = [];
  const { read } = clientOn(({ url, headers }) => {
    const authorization = headers.get("authorization");
    if (url.host === "elsewhere.example")
      return new Response(null, { status: 307, headers: { location: `${ORIGIN}/secret` } });
    if (url.pathname === "/secret") {
      seen.push(authorization);
      return new Response("fine");
    }
    const isAsking = authorization === null;
    const headersBack = isAsking ? { "www-authenticate": "Basic" } : { location: "https://elsewhere.example/x" };
    return new Response(null, { status: isAsking ? 401 : 307, headers: headersBack });
  }, PASSWORD);
  await read();
  expect(seen).toEqual([null]);
});
