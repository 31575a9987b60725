import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { expectOneReleaseEach, playStory } from "./story.ts";
import { until } from "./until.ts";
import { beginWorld, type World } from "./world.ts";
import { createWsAgent } from "./ws-agent.ts";

let world: World;
const closed: { readonly code: number; readonly reason: string }[] = [];
beforeAll(async () => {
  world = await beginWorld({
    agent: (version, server) =>
      createWsAgent(version, server, { onClose: (code, reason) => closed.push({ code, reason }) }),
    serverFlags: ["--targeting-key", "header:x-session-id,query:session,wsFrame:/session"],
    gatewayFlags: ["--drain", "0.2"],
  });
});
afterAll(async () => await world.end());

const answerSchema = z.object({ version: z.string(), count: z.number(), length: z.number() });
type Answer = z.infer<typeof answerSchema>;

type At = {
  readonly gateway?: number;
  readonly query?: string;
  readonly protocols?: string[];
  readonly headers?: Readonly<Record<string, string>>;
};

async function open({ gateway = 0, query = "", protocols = [], headers = {} }: At = {}): Promise<WebSocket> {
  const url = world.stage.agentUrls[gateway % 2 === 0 ? 0 : 1].replace(/^http/, "ws");
  const socket = new WebSocket(`${url}/live${query}`, protocols, { headers: { ...world.sceneHeaders(), ...headers } });
  await once(socket, "open");
  return socket;
}

async function ask(socket: WebSocket, message: { readonly session?: string; readonly text: string }): Promise<Answer> {
  const answer = once(socket, "message");
  socket.send(JSON.stringify(message));
  return await read(answer);
}

async function read(answer: Promise<unknown[]>): Promise<Answer> {
  return answerSchema.parse(JSON.parse(String((await answer)[0])));
}

const MANY = Array.from({ length: 8 }, (_, index) => index);

test("whoever connects again with the same first message, header or query is at the same release", async () => {
  world.beginScene();
  await Promise.all(
    MANY.map(async (index) => {
      const session = randomUUID();
      const ways: At[] = [{}, { query: `?session=${session}` }, { headers: { "x-session-id": session } }];
      const versions: string[] = [];
      for (const [step, way] of [...ways, ...ways].entries()) {
        const socket = await open({ ...way, gateway: index + step });
        for (const count of [1, 2, 3]) {
          const answer = await ask(socket, { session, text: "hello" });
          expect(answer.count).toBe(count);
          versions.push(answer.version);
        }
        socket.close();
      }
      expect(new Set(versions).size).toBe(1);
    }),
  );
  expectOneReleaseEach(world, MANY.length);
});

test("a connection stays where its first message put it, whatever later ones say", async () => {
  const socket = await open();
  const first = await ask(socket, { session: randomUUID(), text: "hello" });
  expect(socket.extensions).toBe("");
  for (const session of MANY.map(() => randomUUID())) {
    expect((await ask(socket, { session, text: "hello" })).version).toBe(first.version);
  }
  socket.close();
});

test("pings are answered, before the first message too", async () => {
  const socket = await open();
  const pongs: string[] = [];
  socket.on("pong", (data) => pongs.push(data.toString()));
  socket.ping("early");
  await ask(socket, { session: randomUUID(), text: "hello" });
  socket.ping("late");
  await until("both answers", () => pongs.length === 2);
  expect(pongs).toEqual(["early", "late"]);
  socket.close();
});

test("fragmented and large messages arrive whole, the first one too", async () => {
  const socket = await open();
  const length = 300_000;
  const first = JSON.stringify({ session: randomUUID(), text: "x".repeat(length) });
  const answer = once(socket, "message");
  socket.send(first.slice(0, 40), { fin: false });
  socket.send(first.slice(40, 100_000), { fin: false });
  socket.ping();
  socket.send(first.slice(100_000), { fin: true });
  expect(await read(answer)).toMatchObject({ count: 1, length });

  const bytes = randomBytes(2_000_000);
  const echo = once(socket, "message");
  socket.send(bytes);
  expect(bytes.equals(Buffer.from((await echo)[0]))).toBe(true);
  socket.close();
});

test("close codes and reasons reach the other side, both ways", async () => {
  const leaving = await open();
  await ask(leaving, { session: randomUUID(), text: "hello" });
  leaving.close(4001, "enough");
  await until("the agent hears of it", () => closed.some(({ code }) => code === 4001));
  expect(closed).toContainEqual({ code: 4001, reason: "enough" });

  const asking = await open();
  const end = once(asking, "close");
  asking.send(JSON.stringify({ session: randomUUID(), text: "close" }));
  const [code, reason] = await end;
  expect([code, String(reason)]).toEqual([4002, "as you wish"]);
});

test("the agent chooses among the protocols where the session is in the head", async () => {
  const socket = await open({ query: "?session=s", protocols: ["chat.1", "chat.2"] });
  expect(socket.protocol).toBe("chat.2");
  socket.close();
});

test("sessions stay on their release through promotion, rollback and restarts, on one connection or on many", async () => {
  const codes: number[] = [];
  await playStory(world, async (index) => {
    const session = randomUUID();
    let socket = await open({ gateway: index });
    socket.once("close", (code) => codes.push(code));
    let turns = 0;
    return {
      async turn(text) {
        turns += 1;
        const again = index % 2 === 0 || socket.readyState !== WebSocket.OPEN;
        if (turns > 1 && again) {
          socket.close();
          socket = await open({ gateway: index + turns });
        }
        return (await ask(socket, { session, text })).version;
      },
      async end() {
        socket.close();
      },
    };
  });
  // Those that were open until the gateways had waited long enough.
  expect(codes).toContain(1006);
});
