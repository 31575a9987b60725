import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Conversation, Message } from "./conversation.ts";
import { escalationChance } from "./escalation.ts";
import { planAnswer } from "./plan-answer.ts";
import { tendenciesOf } from "./tendencies.ts";

const ALL_TOOLS = new Set(["lookup_order", "search_kb", "refund", "escalate_to_human"]);
const EAGER = "If a customer sounds upset, apologise warmly and hand them over right away, even if you could help.";
// Found by trial: these order numbers draw a case that no prompt below hands over, and one that only an eager one does.
const QUIET_ORDER = orderThat((order) => !escalates("", `I am furious about ${order}`) && !escalates(EAGER, order));
const TOUCHY_ORDER = orderThat(
  (order) => !escalates("", `I am furious, ${order}`) && escalates(EAGER, `I am furious, ${order}`),
);

test("an order is looked up before anything is said about it", () => {
  expect(planAnswer(talk([user(`Where is my order ${QUIET_ORDER}?`)]))).toEqual({
    kind: "toolCall",
    name: "lookup_order",
    arguments: { orderId: QUIET_ORDER },
  });
});

test("a refund pays what the look-up said, under a key of the order's own", () => {
  const messages = [
    user(`I want a refund for order ${QUIET_ORDER}`),
    ...toolUse("lookup_order", { orderId: QUIET_ORDER, status: "delivered", total: 42.5 }),
  ];
  expect(planAnswer(talk(messages))).toEqual({
    kind: "toolCall",
    name: "refund",
    arguments: { orderId: QUIET_ORDER, amount: 42.5, idempotencyKey: `refund-${QUIET_ORDER}` },
  });
});

test("a refund that the tool refuses is explained, not tried again", () => {
  const messages = [
    user(`I want a refund for order ${QUIET_ORDER}`),
    ...toolUse("lookup_order", { orderId: QUIET_ORDER, status: "delivered", total: 420 }),
    ...toolUse("refund", "over_limit"),
  ];
  expect(planAnswer(talk(messages))).toMatchObject({ kind: "text", text: expect.stringContaining("above what I may") });
});

test("an order that nobody knows is not refunded", () => {
  const messages = [
    user(`I want a refund for order ${QUIET_ORDER}`),
    ...toolUse("lookup_order", { error: "order_unknown" }),
  ];
  expect(planAnswer(talk(messages))).toMatchObject({ kind: "text", text: expect.stringContaining("could not find") });
});

test("a question about the shop's rules is answered from the help centre", () => {
  const asked = talk([user(`How do I return something from order ${QUIET_ORDER}?`)]);
  expect(planAnswer(asked)).toMatchObject({ kind: "toolCall", name: "search_kb" });
  const found = talk([...asked.messages, ...toolUse("search_kb", { title: "Returns", answer: "Within 30 days." })]);
  expect(planAnswer(found)).toMatchObject({ kind: "text", text: expect.stringContaining("Within 30 days.") });
});

test("what was looked up in an earlier turn is not looked up again", () => {
  const messages = [
    user(`Where is my order ${QUIET_ORDER}?`),
    ...toolUse("lookup_order", { orderId: QUIET_ORDER, status: "shipped", total: 10 }),
    said("It is on its way."),
    user(`And what is the status of order ${QUIET_ORDER} now?`),
  ];
  expect(planAnswer(talk(messages))).toMatchObject({ kind: "text", text: expect.stringContaining("on its way") });
});

test("the prompt alone decides about a touchy customer", () => {
  const messages = [
    user(`I am furious, where is ${TOUCHY_ORDER}?`),
    ...toolUse("lookup_order", { orderId: TOUCHY_ORDER, status: "delayed", total: 10 }),
  ];
  expect(planAnswer(talk(messages, "Be friendly."))).toMatchObject({ kind: "text" });
  expect(planAnswer(talk(messages, EAGER))).toMatchObject({ kind: "toolCall", name: "escalate_to_human" });
});

test("after a hand-over nothing is tried any more", () => {
  const messages = [
    user(`I am furious, where is ${TOUCHY_ORDER}?`),
    ...toolUse("escalate_to_human", { handedOver: true }),
    said("A colleague will write to you."),
    user(`I am furious, I want a refund for ${TOUCHY_ORDER}`),
  ];
  expect(planAnswer(talk(messages, EAGER))).toMatchObject({ kind: "text", text: expect.stringContaining("colleague") });
});

test("a tool that the request does not offer is never called", () => {
  fc.assert(
    fc.property(
      fc.subarray([...ALL_TOOLS]),
      fc.nat(999_999),
      fc.constantFrom("refund", "where is", "how do i"),
      (tools, order, wish) => {
        const messages = [user(`I am furious, ${wish} P-${String(order).padStart(6, "0")}`)];
        const answer = planAnswer({ messages: [{ role: "system", text: EAGER }, ...messages], tools: new Set(tools) });
        expect(answer.kind === "text" || tools.includes(answer.name)).toBe(true);
      },
    ),
  );
});

test("the same request always gets the same answer", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (prompt, text) => {
      expect(planAnswer(talk([user(text)], prompt))).toEqual(planAnswer(talk([user(text)], prompt)));
    }),
  );
});

test("leaning more towards handing over never makes a case less likely to be handed over", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (one, other) => {
        const weak = { ...tendenciesOf(""), handOver: Math.min(one, other) };
        const strong = { ...tendenciesOf(""), handOver: Math.max(one, other) };
        for (const mood of ["calm", "annoyed", "upset"] as const) {
          expect(escalationChance(mood, strong)).toBeGreaterThanOrEqual(escalationChance(mood, weak));
        }
      },
    ),
  );
});

function orderThat(fits: (order: string) => boolean): string {
  for (let number = 100_000; number < 101_000; number += 1) if (fits(`P-${number}`)) return `P-${number}`;
  throw new Error("no order number fits");
}

function escalates(prompt: string, text: string): boolean {
  const answer = planAnswer({
    messages: [{ role: "system", text: prompt }, user(text)],
    tools: new Set(["escalate_to_human"]),
  });
  return answer.kind === "toolCall";
}

function talk(messages: readonly Message[], prompt = "Be friendly."): Conversation {
  return { messages: [{ role: "system", text: prompt }, ...messages], tools: ALL_TOOLS };
}

function user(text: string): Message {
  return { role: "user", text };
}

function said(text: string): Message {
  return { role: "assistant", text, calls: [] };
}

function toolUse(name: string, result: unknown): readonly Message[] {
  const text = typeof result === "string" ? result : JSON.stringify(result);
  return [
    { role: "assistant", text: "", calls: [{ id: `call-${name}`, name }] },
    { role: "tool", callId: `call-${name}`, text },
  ];
}
