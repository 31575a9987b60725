import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createCustomer, type Customer } from "./customer.ts";
import { firstMessage, nextMessage } from "./messages.ts";

const PLAIN = "Your order is on its way.";
const WARM = "I am so sorry, I completely understand how you feel. Your order is on its way.";

test("the same seed and number always make the same customer with the same words", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(1_000_000), (seed, index) => {
      expect(wordsOf(createCustomer(seed, index), PLAIN)).toEqual(wordsOf(createCustomer(seed, index), PLAIN));
    }),
  );
});

test("another seed makes other customers", () => {
  const orders = (seed: number) => Array.from({ length: 50 }, (_, index) => createCustomer(seed, index).orderId);
  expect(orders(1).filter((order) => orders(2).includes(order))).toEqual([]);
});

test("conversations are short: two messages on average, one to three", () => {
  const planned = many().map((customer) => customer.plannedMessages);
  expect(mean(planned)).toBeCloseTo(2, 1);
  expect(new Set(planned)).toEqual(new Set([1, 2, 3]));
});

test("half of the customers are calm, three in ten annoyed and two in ten upset", () => {
  const share = (mood: Customer["mood"]) => many().filter((customer) => customer.mood === mood).length / many().length;
  expect(share("calm")).toBeCloseTo(0.5, 1);
  expect(share("annoyed")).toBeCloseTo(0.3, 1);
  expect(share("upset")).toBeCloseTo(0.2, 1);
});

test("the first message names the order, so that the agent can look it up", () => {
  for (const customer of many().slice(0, 200)) expect(firstMessage(customer)).toContain(customer.orderId);
});

test("warm words of the agent get a warm reply more often, and not always", () => {
  const warmReplies = (answer: string) =>
    many().filter((customer) => /\b(kind|great)\b/.test(nextMessage(customer, answer, true))).length / many().length;
  expect(warmReplies(WARM) - warmReplies(PLAIN)).toBeGreaterThan(0.15);
  expect(warmReplies(WARM)).toBeLessThan(0.75);
});

test("the last message says thanks and asks nothing", () => {
  for (const customer of many().slice(0, 200)) expect(nextMessage(customer, PLAIN, true)).toMatch(/^[^?]*thank[^?]*$/i);
});

function many(): readonly Customer[] {
  return Array.from({ length: 4000 }, (_, index) => createCustomer(1, index));
}

function wordsOf(customer: Customer, answer: string): readonly string[] {
  const words = [firstMessage(customer), nextMessage(customer, answer, false), nextMessage(customer, answer, true)];
  return [customer.orderId, customer.mood, customer.topic, String(customer.plannedMessages), ...words];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
