import type { EventSourceMessage } from "eventsource-parser";
import { expect, test } from "vitest";
import type { PostOutcome, ServerLink } from "./server-link.ts";
import { joinLinks } from "./several-servers.ts";

const signal = new AbortController().signal;
const turns = Buffer.from("{}");

/** A server that is there or not; `seen` says what came to it. */
function aServer(name: string) {
  const server = { isUp: true, seen: [] as string[], silenceMs: 0 };
  const post = async (): Promise<PostOutcome> => {
    server.seen.push("post");
    return server.isUp ? { kind: "accepted" } : { kind: "retryable", reason: `${name} is away` };
  };
  const link: ServerLink = {
    async *tableEvents({ silenceMs }) {
      server.seen.push("table");
      server.silenceMs = silenceMs;
      if (!server.isUp) throw new Error(`${name} is away`);
      yield { event: "table", data: name, id: undefined } satisfies EventSourceMessage;
    },
    acknowledge: post,
    reportMoves: post,
    answer: post,
    postTurns: post,
    close: async () => void server.seen.push("closed"),
  };
  return { server, link };
}

async function follow(link: ServerLink, silenceMs = 15_000): Promise<string> {
  try {
    const names: string[] = [];
    for await (const { data } of link.tableEvents({ held: null, silenceMs, signal })) names.push(data);
    return names.join();
  } catch (error) {
    return String(error);
  }
}

test("the table is followed at the next server when one fails, and at the first again after the last", async () => {
  const [a, b] = [aServer("a"), aServer("b")];
  const link = joinLinks([a.link, b.link]);
  a.server.isUp = false;
  expect([await follow(link), await follow(link), await follow(link)]).toEqual([
    "Error: a is away",
    "b",
    "Error: a is away",
  ]);
});

test("a post goes to the next server at once, and stays there", async () => {
  const [a, b] = [aServer("a"), aServer("b")];
  const link = joinLinks([a.link, b.link]);
  a.server.isUp = false;
  expect(await link.postTurns(turns, signal)).toEqual({ kind: "accepted" });
  a.server.isUp = true;
  await link.postTurns(turns, signal);
  expect([a.server.seen, b.server.seen]).toEqual([["post"], ["post", "post"]]);
});

test("when all are away, each is asked once and every reason told", async () => {
  const [a, b] = [aServer("a"), aServer("b")];
  [a.server.isUp, b.server.isUp] = [false, false];
  const outcome = await joinLinks([a.link, b.link]).postTurns(turns, signal);
  expect(outcome).toEqual({ kind: "retryable", reason: "a is away; b is away" });
  expect([a.server.seen, b.server.seen]).toEqual([["post"], ["post"]]);
});

test("what one server will never take is not taken to another", async () => {
  const [a, b] = [aServer("a"), aServer("b")];
  const rejected: PostOutcome = { kind: "rejected", reason: "no turn" };
  const link = joinLinks([{ ...a.link, postTurns: async () => rejected }, b.link]);
  expect([await link.postTurns(turns, signal), b.server.seen]).toEqual([rejected, []]);
});

test("a server that is silent is left before its lease is over where there is another, and is waited for where not", async () => {
  const [a, b] = [aServer("a"), aServer("b")];
  await follow(joinLinks([a.link, b.link]));
  await follow(joinLinks([b.link]));
  expect([a.server.silenceMs, b.server.silenceMs]).toEqual([9000, 15_000]);
});
