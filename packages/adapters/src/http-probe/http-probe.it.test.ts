import { createServer } from "node:http";
import { freePort } from "@perch/testkit/servers";
import { expect, test } from "vitest";
import { createHttpProbe } from "./http-probe.ts";

/** A server on loopback that answers with the status, or never for null. */
async function serve(status: number | null) {
  const port = await freePort();
  const callers: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    callers.push(headers["user-agent"]);
    if (status === null) return;
    response.statusCode = status;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, callers, close };
}

test.each([200, 301, 404, 405, 500])("a release that answers %d is there", async (status) => {
  const server = await serve(status);
  expect(await createHttpProbe("1.2.3").ask(server.url)).toEqual({ kind: "answers" });
  server.close();
});

test("a release is told who asks, so that it need not count it as a user", async () => {
  const server = await serve(200);
  await createHttpProbe("1.2.3").ask(server.url);
  expect(server.callers).toEqual(["perch-health-check/1.2.3"]);
  server.close();
});

test.each([502, 503, 504])("behind an address that answers %d nobody is", async (status) => {
  const server = await serve(status);
  const because = `${server.url} answers ${status}`;
  expect(await createHttpProbe("1.2.3").ask(server.url)).toEqual({ kind: "silent", because });
  server.close();
});

test("an address that refuses connections is silent", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const because = `${url} does not answer: ECONNREFUSED`;
  expect(await createHttpProbe("1.2.3").ask(url)).toEqual({ kind: "silent", because });
});

test("one that does not answer within a second is silent", async () => {
  const server = await serve(null);
  const startedAt = performance.now();
  expect(await createHttpProbe("1.2.3").ask(server.url)).toMatchObject({ kind: "silent" });
  expect(performance.now() - startedAt).toBeLessThan(5000);
  server.close();
});
