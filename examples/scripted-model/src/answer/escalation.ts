import { createHash } from "node:crypto";
import { orderIdIn, userTextsOf, type Conversation } from "./conversation.ts";
import { moodOf, type Mood } from "./mood.ts";
import type { Tendencies } from "./tendencies.ts";

/**
 * How likely a case with this mood is handed over under a prompt that does not dwell on moods, and under one that wants
 * every upset customer handed over. With the moods of the simulated customers (50 % calm, 30 % annoyed, 20 % upset) the
 * first column averages to 8 % of sessions and the second to 22 %.
 */
const CHANCES: Readonly<Record<Mood, { readonly reserved: number; readonly eager: number }>> = {
  calm: { reserved: 0.02, eager: 0.02 },
  annoyed: { reserved: 0.07, eager: 0.27 },
  upset: { reserved: 0.245, eager: 0.645 },
};

/** Whether the answer to the latest message hands the customer over to a person. */
export function wantsHandOver(conversation: Conversation, tendencies: Tendencies): boolean {
  const mood = moodOf(userTextsOf(conversation).at(-1) ?? "");
  return drawOf(conversation) < escalationChance(mood, tendencies);
}

/** Never falls when the prompt leans more towards handing over, so a stronger prompt only adds cases. */
export function escalationChance(mood: Mood, tendencies: Tendencies): number {
  if (tendencies.isHandOverForbidden) return 0;
  const { reserved, eager } = CHANCES[mood];
  return reserved + (eager - reserved) * tendencies.handOver;
}

/** A number in [0, 1) that belongs to the customer's case: the same under every prompt and in every turn. */
export function drawOf(conversation: Conversation): number {
  const first = userTextsOf(conversation)[0] ?? "";
  const caseKey = orderIdIn(first) ?? first;
  return createHash("sha256").update(`case\0${caseKey}`).digest().readUInt32BE(0) / 2 ** 32;
}
