import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { recordsAreIn } from "./records-are-in.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Say = (answer: ServerResponse) => void;
const pending = (records: number): Say => {
  return (answer) => void answer.end(JSON.stringify({ outbox: { pending: records, buried: 0 } }));
};
const breakOff: Say = (answer) => void answer.destroy();

/** A gateway that says one thing after the other about itself, and the last of them for ever. */
async function gatewayThatSays(...sayings: readonly Say[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, answer) => {
    expect(request.url).toBe("/-/status");
    sayings[Math.min(asked, sayings.length - 1)]?.(answer);
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked: () => asked };
}

test("waits until the gateway has no record left that the server lacks", async () => {
  const gateway = await gatewayThatSays(pending(3), pending(1), pending(0));
  await recordsAreIn(gateway.url);
  expect(gateway.asked()).toBe(3);
});

test("a gateway that does not answer, or says something else, may have some yet", async () => {
  const gateway = await gatewayThatSays(breakOff, (answer) => void answer.end("{}"), pending(0));
  await recordsAreIn(gateway.url);
  expect(gateway.asked()).toBe(3);
});
