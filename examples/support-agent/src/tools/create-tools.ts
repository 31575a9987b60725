import { perch } from "@perch/sdk";
import { jsonSchema, tool, type Schema, type ToolSet } from "ai";
import { z } from "zod";
import type { ReleaseParts } from "../release/read-release-parts.ts";
import { ReleasePartsError } from "../release/read-release-parts.ts";
import { searchArticles } from "../shop/articles.ts";
import { findOrder } from "../shop/orders.ts";
import type { RefundDesk } from "../shop/refunds.ts";

/** What each tool's code accepts. The release's `tools/*.json` tells the model the same, and a test compares the two. */
export const toolInputs = {
  lookup_order: z.strictObject({ orderId: z.string().min(1).max(40) }),
  search_kb: z.strictObject({ query: z.string().min(1).max(400) }),
  refund: z.strictObject({
    orderId: z.string().min(1).max(40),
    amount: z.number().positive(),
    idempotencyKey: z.string().min(1).max(100),
  }),
  escalate_to_human: z.strictObject({ reason: z.string().min(1).max(400) }),
} as const;

const HANDED_OVER = { handedOver: true, waitMinutes: 15 } as const;

/** The tools as the release describes them, over the code of this program. Built once: schemas are not cheap. */
export function createTools(parts: ReleaseParts, refunds: RefundDesk): ToolSet {
  return {
    lookup_order: tool({
      ...described(parts, "lookup_order", toolInputs.lookup_order),
      execute: ({ orderId }) => findOrder(orderId) ?? { error: "order_unknown", orderId },
    }),
    search_kb: tool({
      ...described(parts, "search_kb", toolInputs.search_kb),
      execute: ({ query }) => searchArticles(query) ?? { error: "nothing_found" },
    }),
    refund: tool({
      ...described(parts, "refund", toolInputs.refund),
      // A mirrored request must not pay: it is told what would have come of it.
      execute: perch.tool("refund", { effect: "write", stub: (request) => refunds.rehearse(request) }, (request) =>
        refunds.pay(request),
      ),
    }),
    escalate_to_human: tool({
      ...described(parts, "escalate_to_human", toolInputs.escalate_to_human),
      execute: perch.tool("escalate_to_human", { effect: "write", stub: HANDED_OVER }, () => HANDED_OVER),
    }),
  };
}

function described<T>(
  parts: ReleaseParts,
  name: string,
  input: z.ZodType<T>,
): { description: string; inputSchema: Schema<T> } {
  const component = parts.tools.get(name);
  if (!component) throw new ReleasePartsError(`the release has no tool "${name}", which this program offers`);
  return {
    description: component.description,
    inputSchema: jsonSchema<T>(component.parameters, {
      validate(value) {
        const parsed = input.safeParse(value);
        return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error };
      },
    }),
  };
}
