import { expect, test } from "vitest";
import { sendCommand, sendKill, sendRevival } from "./send-command.ts";

const ROLLBACK = { rollout: "r 1", command: "rollback", reason: "customers complain" } as const;

test("a command is posted to its rollout with the reason and who sent it", async () => {
  const posted: unknown[] = [];
  const answer = await sendCommand(ROLLBACK, async (url, init) => {
    posted.push([url, init.method, JSON.parse(init.body)]);
    return new Response("{}", { status: 202 });
  });
  expect(answer).toEqual({ kind: "accepted" });
  expect(posted).toEqual([["/v1/rollouts/r%201/rollback", "POST", { reason: "customers complain", actor: "console" }]]);
});

test("a refusal shows the server's message and hint", async () => {
  const body = { error: { code: "phase_refuses", message: "it has ended", hint: "start a new rollout" } };
  const answer = await sendCommand(ROLLBACK, async () => Response.json(body, { status: 409 }));
  expect(answer).toEqual({ kind: "refused", message: "it has ended", hint: "start a new rollout" });
});

test("an answer that is no problem body is reported with its status", async () => {
  const answer = await sendCommand(ROLLBACK, async () => new Response("<html>", { status: 502 }));
  expect(answer).toMatchObject({ kind: "refused", message: "The server answered 502 without a reason." });
});

test("silence says how to do the same from a terminal", async () => {
  const answer = await sendCommand(ROLLBACK, () => Promise.reject(new TypeError("fetch failed")));
  expect(answer).toMatchObject({ kind: "refused", hint: expect.stringContaining("perch rollout rollback r 1") });
});

test("the kill switch is thrown and taken back at the agent, with the reason", async () => {
  const sent: unknown[] = [];
  const post = async (url: string, init: { method: string; body: string }) => {
    sent.push([init.method, url, JSON.parse(init.body)]);
    return new Response("{}", { status: 200 });
  };
  const request = { agent: "support", reason: "it refunds everybody" };
  expect([await sendKill(request, post), await sendRevival(request, post)]).toEqual([
    { kind: "accepted" },
    { kind: "accepted" },
  ]);
  const body = { reason: "it refunds everybody", actor: "console" };
  expect(sent).toEqual([
    ["POST", "/v1/agents/support/kill", body],
    ["DELETE", "/v1/agents/support/kill", body],
  ]);
});

test("a kill switch that nobody answers says how to throw it from a terminal", async () => {
  const answer = await sendKill({ agent: "support", reason: "r" }, () => Promise.reject(new TypeError("failed")));
  expect(answer).toMatchObject({ kind: "refused", hint: expect.stringContaining("perch kill support --reason") });
});
