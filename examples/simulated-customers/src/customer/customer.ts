import { createRandom, customerSeed, pick, type Random } from "./random.ts";

export type Mood = "calm" | "annoyed" | "upset";
export type Topic = "orderStatus" | "refund" | "question";

/** A made-up person with one concern. Everything about them follows from the seed and their number. */
export type Customer = {
  readonly orderId: string;
  readonly mood: Mood;
  readonly topic: Topic;
  /** Messages they send: 1 to 3. Someone who is handed over sends one more at most. */
  readonly plannedMessages: number;
  /** For the choices that they make during the conversation. */
  readonly random: Random;
};

export function createCustomer(seed: number, index: number): Customer {
  const random = createRandom(customerSeed(seed, index));
  return {
    orderId: `${pick(random, ["K", "P", "T"])}-${100_000 + Math.floor(random() * 900_000)}`,
    mood: moodAt(random()),
    topic: topicAt(random()),
    plannedMessages: plannedMessagesAt(random()),
    random,
  };
}

function moodAt(draw: number): Mood {
  if (draw < 0.5) return "calm";
  return draw < 0.8 ? "annoyed" : "upset";
}

function topicAt(draw: number): Topic {
  if (draw < 0.5) return "orderStatus";
  return draw < 0.75 ? "refund" : "question";
}

function plannedMessagesAt(draw: number): number {
  if (draw < 0.25) return 1;
  return draw < 0.75 ? 2 : 3;
}
