import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tendenciesOf } from "./tendencies.ts";

const shippedPrompt = (version: string) =>
  readFileSync(new URL(`../../../support-agent/releases/${version}/prompts/system.md`, import.meta.url), "utf8");

test("the prompt of 2.3.0 hands over for its own reasons only", () => {
  expect(tendenciesOf(shippedPrompt("2.3.0"))).toEqual({
    handOver: 0,
    isHandOverForbidden: false,
    isEmpathetic: false,
    isBrief: false,
  });
});

test("the prompt of 2.3.1 is empathetic and hands over whoever sounds upset", () => {
  expect(tendenciesOf(shippedPrompt("2.3.1"))).toMatchObject({ handOver: 1, isEmpathetic: true, isBrief: false });
});

test("the prompt of 2.3.2 is shorter and hands over no more than that of 2.3.0", () => {
  expect(tendenciesOf(shippedPrompt("2.3.2"))).toMatchObject({ handOver: 0, isEmpathetic: false, isBrief: true });
});

test.each([
  ["an offer without hurry counts a part", "If a customer is angry, offer a human colleague.", 0.6],
  ["hurry counts more", "If a customer is angry, hand them over right away.", 0.85],
  ["a sentence that restrains does not count", "Hand an angry customer over only if your tools fail.", 0],
  ["a mood without a hand-over does not count", "If a customer is upset, stay calm.", 0],
  ["a hand-over without a mood does not count", "Escalate what needs a refund above your limit.", 0],
  ["a sentence wrapped over two lines is one sentence", "If a customer is angry,\noffer a human\ncolleague.", 0.6],
  ["two points of a list are two sentences", "- Notice who is angry\n- Escalate fraud", 0],
])("%s", (_, prompt, expected) => {
  expect(tendenciesOf(prompt).handOver).toBeCloseTo(expected, 10);
});

test("a prompt that forbids handing over is taken at its word", () => {
  expect(tendenciesOf("Never hand a conversation over to anyone.").isHandOverForbidden).toBe(true);
});
