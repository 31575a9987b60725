import {
  orderIdIn,
  systemPromptOf,
  toolResultsOf,
  userTextsOf,
  type Conversation,
  type ToolResult,
} from "./conversation.ts";
import { wantsHandOver } from "./escalation.ts";
import { moodOf } from "./mood.ts";
import { composeText } from "./compose-text.ts";
import { tendenciesOf, type Tendencies } from "./tendencies.ts";
import { wishOf, type Wish } from "./wish.ts";

/** The model's next move: one tool call, or the text that ends the turn. */
export type Answer =
  | { readonly kind: "toolCall"; readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
  | { readonly kind: "text"; readonly text: string };

type Case = {
  readonly orderId: string | null;
  readonly wish: Wish;
  readonly lastUserText: string;
  readonly resultsThisTurn: readonly ToolResult[];
  readonly isEscalated: boolean;
  readonly order: OrderFacts | null;
};

export type OrderFacts = { readonly orderId: string; readonly status: string; readonly total: number };

/** Answers from nothing but the request: the same conversation and prompt always give the same answer. */
export function planAnswer(conversation: Conversation): Answer {
  const tendencies = tendenciesOf(systemPromptOf(conversation));
  const current = readCase(conversation);
  const isDone = (name: string) => current.resultsThisTurn.some((result) => result.name === name);
  const next = wantedTools(conversation, current, tendencies).find(
    (name) => conversation.tools.has(name) && !isDone(name),
  );
  if (next !== undefined) return { kind: "toolCall", name: next, arguments: argumentsFor(next, current) };
  return {
    kind: "text",
    text: composeText({
      tendencies,
      mood: moodOf(current.lastUserText),
      wish: current.wish,
      isEscalated: current.isEscalated,
      order: current.order,
      results: current.resultsThisTurn,
    }),
  };
}

function readCase(conversation: Conversation): Case {
  const userTexts = userTextsOf(conversation);
  const lastUserText = userTexts.at(-1) ?? "";
  const results = toolResultsOf(conversation, "all");
  return {
    orderId: userTexts.map(orderIdIn).findLast((found) => found !== null) ?? null,
    wish: wishOf(lastUserText),
    lastUserText,
    resultsThisTurn: toolResultsOf(conversation, "sinceLastUser"),
    isEscalated: results.some((result) => result.name === "escalate_to_human"),
    order: results.map(readOrder).findLast((order) => order !== null) ?? null,
  };
}

function wantedTools(conversation: Conversation, current: Case, tendencies: Tendencies): readonly string[] {
  const isEscalatedEarlier =
    current.isEscalated && !current.resultsThisTurn.some((result) => result.name === "escalate_to_human");
  if (isEscalatedEarlier || current.wish === "goodbye") return [];
  const lookUp = current.orderId !== null && current.order?.orderId !== current.orderId ? ["lookup_order"] : [];
  // A look-up that found nothing is not repeated within the turn: `isDone` sees to that.
  if (wantsHandOver(conversation, tendencies)) return [...lookUp, "escalate_to_human"];
  if (current.wish === "question") return ["search_kb"];
  const wasLookedUp = current.resultsThisTurn.some((result) => result.name === "lookup_order");
  if (current.wish === "refund" && (current.order !== null || !wasLookedUp)) return [...lookUp, "refund"];
  return lookUp;
}

function argumentsFor(tool: string, current: Case): Readonly<Record<string, unknown>> {
  const orderId = current.orderId ?? "";
  switch (tool) {
    case "lookup_order":
      return { orderId };
    case "search_kb":
      return { query: current.lastUserText.slice(0, 200) };
    case "refund":
      return { orderId, amount: current.order?.total ?? 0, idempotencyKey: `refund-${orderId}` };
    case "escalate_to_human":
      return { reason: `the customer is ${moodOf(current.lastUserText)} and wants help with: ${current.wish}` };
    default:
      return {};
  }
}

function readOrder(result: ToolResult): OrderFacts | null {
  if (result.name !== "lookup_order") return null;
  const found = parseObject(result.text);
  if (typeof found.orderId !== "string" || typeof found.status !== "string") return null;
  return { orderId: found.orderId, status: found.status, total: typeof found.total === "number" ? found.total : 0 };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // A tool's failure comes as plain text; there is nothing to read from it.
    return {};
  }
}
