import { problemSchema } from "@perch/api";
import { expect, test } from "vitest";
import { createForwarder } from "./forward.ts";

const leader = { url: "http://leader:4600/", epoch: 7, remainingMs: 1000 };

/** What the leader was asked, and what it answers. */
function aLeader(answer: (request: Request) => Response | Promise<Response>) {
  const asked: Request[] = [];
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    asked.push(request);
    return await answer(request);
  };
  return { asked, forwarder: createForwarder(send) };
}

async function errorOf(answer: Response): Promise<unknown> {
  return { status: answer.status, ...problemSchema.parse(await answer.json()).error };
}

test("a request goes to the leader whole, and its answer comes back whole with the leader's name", async () => {
  const { asked, forwarder } = aLeader(
    async (request) =>
      new Response(`heard ${await request.text()}`, { status: 409, headers: { "x-own": "1", connection: "close" } }),
  );
  const request = new Request("http://here/v1/rollouts/a%20b/rollback?x=1", {
    method: "POST",
    body: "why",
    headers: { authorization: "Bearer t", "content-type": "application/json" },
  });
  const answer = await forwarder.forward(request, leader);
  expect([answer.status, await answer.text()]).toEqual([409, "heard why"]);
  expect(Object.fromEntries(answer.headers)).toMatchObject({ "x-own": "1", "x-perch-leader": leader.url });
  expect(answer.headers.has("connection")).toBe(false);
  expect([asked[0]?.method, asked[0]?.url]).toEqual(["POST", "http://leader:4600/v1/rollouts/a%20b/rollback?x=1"]);
  expect(Object.fromEntries(asked[0]?.headers ?? [])).toMatchObject({
    authorization: "Bearer t",
    "content-type": "application/json",
    "x-perch-forwarded": "1",
  });
});

test("a leader that does not answer is named, and so is that there is none", async () => {
  const { forwarder } = aLeader(() => Promise.reject(new Error("connect ECONNREFUSED")));
  expect(await errorOf(await forwarder.forward(new Request("http://here/x"), leader))).toMatchObject({
    status: 503,
    code: "leader_away",
    message: expect.stringContaining("http://leader:4600/, does not answer: connect ECONNREFUSED"),
  });
  expect(await errorOf(await forwarder.forward(new Request("http://here/x"), null))).toMatchObject({
    status: 503,
    code: "no_leader",
  });
});

test("what was passed on once is not passed on again", async () => {
  const { asked, forwarder } = aLeader(() => new Response());
  const request = new Request("http://here/x", { headers: { "x-perch-forwarded": "1" } });
  expect(await errorOf(await forwarder.forward(request, leader))).toMatchObject({ status: 503, code: "not_leader" });
  expect(asked).toEqual([]);
});

test("a stream is passed on as it comes, and ends when another leads", async () => {
  const { asked, forwarder } = aLeader(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("event: table\n\n")),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const answer = await forwarder.forward(new Request("http://here/v1/gateways/gw/table"), leader);
  const reader = answer.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("event: table\n\n");
  expect(asked[0]?.signal.aborted).toBe(false);
  forwarder.drop();
  expect(asked[0]?.signal.aborted).toBe(true);
});
