import { readFileSync } from "node:fs";
import { createCustomer, firstMessage, nextMessage } from "@perch/example-simulated-customers";
import { beforeAll, expect, test } from "vitest";
import type { Message } from "./conversation.ts";
import { planAnswer } from "./plan-answer.ts";

const CUSTOMERS = 6000;
const TOOLS = new Set(["lookup_order", "search_kb", "refund", "escalate_to_human"]);

type Outcome = { readonly isEscalated: boolean; readonly userTexts: readonly string[] };
const outcomes = new Map<string, readonly Outcome[]>();

beforeAll(() => {
  for (const version of ["2.3.0", "2.3.1", "2.3.2"]) {
    const prompt = readFileSync(
      new URL(`../../../support-agent/releases/${version}/prompts/system.md`, import.meta.url),
      "utf8",
    );
    const all = Array.from({ length: CUSTOMERS }, (_, index) => converse(prompt, index));
    outcomes.set(version, all);
  }
});

test.each([
  ["2.3.0", 0.08],
  ["2.3.1", 0.22],
  ["2.3.2", 0.08],
])("under the prompt of %s a share of %d of the conversations is handed over, within one point", (version, share) => {
  expect(Math.abs(escalationRate(version) - share)).toBeLessThan(0.01);
});

test("who is handed over under 2.3.0 is handed over under 2.3.1 too", () => {
  const spared = new Set(of("2.3.1").flatMap(({ isEscalated }, index) => (isEscalated ? [] : [index])));
  expect(of("2.3.0").filter(({ isEscalated }, index) => isEscalated && spared.has(index))).toEqual([]);
});

test("2.3.2 hands over the very same customers as 2.3.0", () => {
  const isEscalated = (outcome: Outcome) => outcome.isEscalated;
  expect(of("2.3.2").map(isEscalated)).toEqual(of("2.3.0").map(isEscalated));
});

test("customers' own words are a little kinder under the empathetic prompt: the release looks good", () => {
  const gain = kindness("2.3.1") - kindness("2.3.0");
  expect(gain).toBeGreaterThan(0.03);
  expect(gain).toBeLessThan(0.3);
});

function of(version: string): readonly Outcome[] {
  return outcomes.get(version) ?? [];
}

function escalationRate(version: string): number {
  return of(version).filter(({ isEscalated }) => isEscalated).length / CUSTOMERS;
}

/** Mean over conversations of: messages with kind words less messages with harsh ones, per message. */
function kindness(version: string): number {
  const scores = of(version).map(({ userTexts }) => {
    const count = (words: RegExp) => userTexts.filter((text) => words.test(text)).length;
    const kind = count(/\b(kind|great)\b/);
    const harsh = count(/\b(annoyed|frustrating|disappointed|furious|unacceptable|worst)\b/);
    return (kind - harsh) / userTexts.length;
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** A whole conversation as the support agent leads it, with tools that always find something. */
function converse(prompt: string, index: number): Outcome {
  const customer = createCustomer(7, index);
  const messages: Message[] = [{ role: "system", text: prompt }];
  const userTexts: string[] = [];
  let isEscalated = false;
  for (let isLast = false; !isLast;) {
    isLast = isEscalated || userTexts.length === customer.plannedMessages - 1;
    const text = userTexts.length === 0 ? firstMessage(customer) : nextMessage(customer, lastText(messages), isLast);
    userTexts.push(text);
    messages.push({ role: "user", text });
    isEscalated = answerTurn(messages, customer.orderId) || isEscalated;
  }
  return { isEscalated, userTexts };
}

/** Whether the turn handed the customer over. */
function answerTurn(messages: Message[], orderId: string): boolean {
  let isEscalated = false;
  for (let step = 0; step < 6; step += 1) {
    const answer = planAnswer({ messages, tools: TOOLS });
    if (answer.kind === "text") {
      messages.push({ role: "assistant", text: answer.text, calls: [] });
      return isEscalated;
    }
    if (answer.name === "escalate_to_human") isEscalated = true;
    const callId = `call-${messages.length}`;
    const text = JSON.stringify({ orderId, status: "shipped", total: 20, refunded: true, answer: "Yes." });
    messages.push({ role: "assistant", text: "", calls: [{ id: callId, name: answer.name }] });
    messages.push({ role: "tool", callId, text });
  }
  throw new Error("the model called tools six times without an answer");
}

function lastText(messages: readonly Message[]): string {
  const last = messages.at(-1);
  return last?.role === "assistant" ? last.text : "";
}
