import { expect, test } from "vitest";
import type { ChatClient, ChatOutcome } from "../chat/chat-client.ts";
import type { Customer } from "./customer.ts";
import { runSession } from "./run-session.ts";

const answered = (version = "2.3.0", isEscalated = false): ChatOutcome => ({
  kind: "answered",
  answer: { text: "It is on its way.", isEscalated, version },
});
const unavailable: ChatOutcome = { kind: "unavailable", reason: "connect ECONNREFUSED" };
const talkative: Customer = {
  orderId: "P-100000",
  mood: "calm",
  topic: "orderStatus",
  plannedMessages: 3,
  random: () => 0.5,
};

test("a customer sends every planned message under one session id and closes the chat", async () => {
  const chat = scriptedChat([]);
  const result = await chat.run(talkative);
  expect(result).toEqual({ kind: "finished", versions: ["2.3.0"], isEscalated: false, turns: 3, retries: 0 });
  expect(chat.calls.map((call) => call.path)).toEqual(["/chat", "/chat", "/chat", "/chat/end"]);
  expect(new Set(chat.calls.map((call) => call.sessionId))).toEqual(new Set(["s-1"]));
});

test("a customer who is handed over says thanks once and closes the chat", async () => {
  const chat = scriptedChat([answered("2.3.1", true), answered("2.3.1", true)]);
  expect(await chat.run(talkative)).toMatchObject({ kind: "finished", isEscalated: true, turns: 2 });
  expect(chat.calls.map((call) => call.path)).toEqual(["/chat", "/chat", "/chat/end"]);
  expect(chat.calls[1]?.message).toMatch(/thank/i);
});

test("a customer with one concern only who is handed over closes the chat at once", async () => {
  const chat = scriptedChat([answered("2.3.1", true)]);
  expect(await chat.run({ ...talkative, plannedMessages: 1 })).toMatchObject({ kind: "finished", turns: 1 });
});

test("a message that nobody took is sent again, word for word and under the same session id", async () => {
  const chat = scriptedChat([answered(), unavailable, unavailable, unavailable]);
  expect(await chat.run(talkative)).toMatchObject({ kind: "finished", turns: 3, retries: 3 });
  const repeated = chat.calls.slice(1, 5);
  expect(new Set(repeated.map((call) => `${call.sessionId} ${call.message}`)).size).toBe(1);
});

test("after two minutes of trying in vain a customer gives up", async () => {
  const chat = scriptedChat(Array.from({ length: 1000 }, () => unavailable));
  const before = chat.now();
  expect(await chat.run(talkative)).toMatchObject({ kind: "failed", turns: 0 });
  expect(chat.now() - before).toBeGreaterThan(115_000);
  expect(chat.now() - before).toBeLessThanOrEqual(120_000);
});

test("a customer whom nobody answers when it is time to stop has not failed", async () => {
  const chat = scriptedChat([answered(), unavailable], true);
  expect(await chat.run(talkative)).toMatchObject({ kind: "open", turns: 1, retries: 0 });
});

test("a message that is refused is not sent again", async () => {
  for (const isStopping of [false, true]) {
    const chat = scriptedChat([{ kind: "refused", status: 400 }], isStopping);
    expect(await chat.run(talkative)).toMatchObject({ kind: "failed", retries: 0 });
    expect(chat.calls).toHaveLength(1);
  }
});

test("an answer of another release within the conversation is noticed", async () => {
  const chat = scriptedChat([answered("2.3.0"), answered("2.3.1")]);
  expect(await chat.run(talkative)).toMatchObject({ versions: ["2.3.0", "2.3.1"] });
});

type Call = { readonly path: string; readonly sessionId: string; readonly message: string };

/** Gives the outcomes in order, then a good answer to everything. Its clock moves only by sleeping. */
function scriptedChat(outcomes: readonly ChatOutcome[], isStopping = false) {
  const calls: Call[] = [];
  let clock = 0;
  const next = (call: Call): Promise<ChatOutcome> => {
    calls.push(call);
    return Promise.resolve(outcomes[calls.length - 1] ?? answered());
  };
  const client: ChatClient = {
    send: (sessionId, message) => next({ path: "/chat", sessionId, message }),
    end: (sessionId) => next({ path: "/chat/end", sessionId, message: "" }),
    close: () => undefined,
  };
  const sleep = (ms: number) => {
    clock += ms;
    return Promise.resolve();
  };
  const now = () => clock;
  return {
    calls,
    now,
    run: (customer: Customer) => runSession("s-1", customer, { client, sleep, now, isStopping: () => isStopping }),
  };
}
