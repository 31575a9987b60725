import type { ToolResult } from "./conversation.ts";
import type { Mood } from "./mood.ts";
import type { OrderFacts } from "./plan-answer.ts";
import type { Tendencies } from "./tendencies.ts";
import type { Wish } from "./wish.ts";

type Situation = {
  readonly tendencies: Tendencies;
  readonly mood: Mood;
  readonly wish: Wish;
  readonly isEscalated: boolean;
  readonly order: OrderFacts | null;
  readonly results: readonly ToolResult[];
};

const STATUS_TEXT: Readonly<Record<string, string>> = {
  processing: "is being packed and leaves our warehouse tomorrow",
  shipped: "is on its way and should reach you within two days",
  delivered: "was delivered according to the carrier",
  delayed: "is delayed at the carrier and should arrive within four days",
  returned: "came back to us, and we booked the return",
};

export function composeText(situation: Situation): string {
  const { tendencies } = situation;
  const closing = tendencies.isBrief || situation.wish === "goodbye" ? "" : "Is there anything else I can do for you?";
  return [preface(situation), bodyOf(situation), closing].filter((part) => part !== "").join(" ");
}

function preface({ tendencies, mood, wish }: Situation): string {
  if (!tendencies.isEmpathetic || wish === "goodbye") return "";
  if (mood === "calm") return "Thank you so much for reaching out, I am glad to help.";
  return "I am so sorry, I completely understand how you feel.";
}

function bodyOf(situation: Situation): string {
  if (situation.isEscalated) return "I have handed your case to a colleague of ours, who will write to you shortly.";
  if (situation.wish === "goodbye") return "You are welcome, have a nice day.";
  const refund = situation.results.find((result) => result.name === "refund");
  if (refund) return refundText(refund, situation.order);
  const article = situation.results.find((result) => result.name === "search_kb");
  if (article) return articleText(article);
  if (situation.order) return orderText(situation.order);
  return situation.results.some((result) => result.name === "lookup_order")
    ? "I could not find that order; please check the number on your confirmation."
    : "Tell me your order number and I will look it up.";
}

function refundText(refund: ToolResult, order: OrderFacts | null): string {
  if (/"refunded"\s*:\s*true/.test(refund.text)) {
    return `I refunded ${(order?.total ?? 0).toFixed(2)} euros for order ${order?.orderId ?? ""} to your original payment method.`;
  }
  return "This refund is above what I may pay out here; please use the refund form on your order page.";
}

function articleText(article: ToolResult): string {
  const answer = /"answer"\s*:\s*"([^"]{1,400})"/.exec(article.text)?.[1];
  return answer ?? "Our help centre has no article on that; please write to us through the contact form.";
}

function orderText(order: OrderFacts): string {
  return `Your order ${order.orderId} ${STATUS_TEXT[order.status] ?? `has the status "${order.status}"`}.`;
}
