import type { Customer, Mood, Topic } from "./customer.ts";
import { pick } from "./random.ts";

const OPENERS: Readonly<Record<Mood, readonly [string, ...string[]]>> = {
  calm: ["Hello,", "Hi there,", "Good morning,"],
  annoyed: ["Hello, I am a bit annoyed.", "Hi, this is frustrating.", "I am disappointed with this."],
  upset: ["I am furious.", "This is unacceptable.", "This is the worst service I ever had."],
};

const CONCERNS: Readonly<Record<Topic, readonly [string, ...string[]]>> = {
  orderStatus: ["where is my order ORDER?", "when does my parcel ORDER arrive?", "what is the status of order ORDER?"],
  refund: ["I want a refund for order ORDER.", "please give me my money back for order ORDER."],
  question: [
    "how do I return something from order ORDER?",
    "what is the warranty on the items of order ORDER?",
    "how can I get an invoice for order ORDER?",
  ],
};

const FOLLOW_UPS: readonly [string, ...string[]] = [
  "And what is the status of order ORDER now?",
  "One more thing: how do I exchange an item?",
  "And what is the shipping cost for the next one?",
];

// The same wish, said warmly or plainly: how a person answers depends on how they were spoken to.
const WARM_THANKS: readonly [string, ...string[]] = ["Thank you, that is kind.", "Thank you so much, great help."];
const PLAIN_THANKS: readonly [string, ...string[]] = ["Okay, thanks.", "Thanks, bye."];
const WARM_LEAD = "That is kind, thank you.";
const WARM_WORDS = /\b(sorry|understand how you feel|so much for reaching out)\b/i;

export function firstMessage({ mood, topic, orderId, random }: Customer): string {
  return `${pick(random, OPENERS[mood])} ${pick(random, CONCERNS[topic]).replace("ORDER", orderId)}`;
}

/** The next message: the last one of a conversation says thanks, the others ask on. Mood never gets worse. */
export function nextMessage({ orderId, random }: Customer, agentAnswer: string, isLast: boolean): string {
  // Warm words make a warm reply likelier, not certain; a plain answer gets one now and then.
  const isWarm = random() < (WARM_WORDS.test(agentAnswer) ? 0.7 : 0.25);
  if (isLast) return pick(random, isWarm ? WARM_THANKS : PLAIN_THANKS);
  const question = pick(random, FOLLOW_UPS).replace("ORDER", orderId);
  return isWarm ? `${WARM_LEAD} ${question}` : question;
}
