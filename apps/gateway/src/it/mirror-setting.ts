import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { gatewayStatusSchema, type RoutingTableMessage } from "@perch/api";
import {
  call,
  onCleanUp,
  readAll,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { A_MIRROR, tableOf } from "./tables.ts";

type Agent = Partial<RoutingTableMessage["agents"][number]>;
export type Setting = {
  readonly server: FakeServer;
  readonly gateway: Gateway;
  /** Puts another table in force; the shadow is where it was, unless it moves. */
  readonly publish: (agent: Agent, movesTo?: string) => Promise<void>;
};

/** A gateway, and users' agent that says how long the request was; everything is mirrored to `shadow`. */
export async function setting(shadow: string, agent: Agent = {}, leaseMs = 10_000): Promise<Setting> {
  const baseline = await startAgent((request, response) => {
    void readAll(request).then((text) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: `resp_user_${String(request.headers["x-session-id"])}`, length: text.length }));
    });
  });
  const server = await startServer();
  const gateway = await startGateway(["--data", temporaryDirectory(), "--server", server.url]);
  let sequence = 0;
  async function publish(change: Agent, movesTo = shadow): Promise<void> {
    sequence += 1;
    const [urls, canary] = [[baseline.url], [movesTo]];
    server.publish(
      tableOf({ sequence, baseline: urls, canary, leaseMs, agent: { mirror: A_MIRROR, ...agent, ...change } }),
    );
    await until(
      () => server.acks,
      (acks) => acks.some((ack) => ack.sequence === sequence),
    );
  }
  await publish({});
  return { server, gateway, publish };
}

export async function say(gateway: Gateway, session: string, body: string | Uint8Array): Promise<string> {
  const headers = { "x-session-id": session, "content-type": "application/json" };
  const { status, text } = await call(`${gateway.url}/support/chat?a=1`, { method: "POST", headers, body });
  return `${status} ${text}`;
}

export const answerTo = (session: string, body: string): string =>
  `200 ${JSON.stringify({ id: `resp_user_${session}`, length: body.length })}`;

export async function mirrorOf(gateway: Gateway) {
  const status = gatewayStatusSchema.parse(JSON.parse((await call(`${gateway.url}/-/status`)).text));
  if (status.mirror === undefined) throw new Error("no mirror in the status");
  return status.mirror;
}

export const namesOf = (count: number, prefix = "s"): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

type Heard = {
  readonly session: string;
  readonly url: string;
  readonly body: string;
  readonly request: IncomingMessage;
};

/** A shadow that remembers what it was told. */
export async function startListener(answer: (heard: Heard, response: ServerResponse) => void) {
  const heard: Heard[] = [];
  const agent = await startAgent((request, response) => {
    void readAll(request).then((body) => {
      const one = { session: String(request.headers["x-session-id"]), url: request.url ?? "", body, request };
      heard.push(one);
      answer(one, response);
    });
  });
  return { url: agent.url, heard };
}

/** A server of bytes; `speak` has the connection. */
export async function startRaw(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  onCleanUp(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}
