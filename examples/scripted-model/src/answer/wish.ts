/** What the customer wants in this message. */
export type Wish = "refund" | "question" | "orderStatus" | "goodbye" | "other";

const REFUND = /\b(refund\w*|money back|reimburs\w*)\b/i;
const QUESTION = /\b(how do i|how can i|can i|policy|warranty|invoice|exchange|gift card|shipping cost)\b/i;
const ORDER_STATUS = /\b(where|arriv\w*|track\w*|deliver\w*|status|late|parcel|package|order)\b/i;
const GOODBYE = /\b(thank you|thanks|bye|that's all|that is all|all set)\b/i;

export function wishOf(text: string): Wish {
  if (REFUND.test(text)) return "refund";
  if (QUESTION.test(text)) return "question";
  if (ORDER_STATUS.test(text) && !GOODBYE.test(text)) return "orderStatus";
  return GOODBYE.test(text) ? "goodbye" : "other";
}
