import { appendFileSync } from "node:fs";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";

const { PAID_FILE: paidFile = "paid.txt" } = process.env;

export const lookUpOrder = createTool({
  id: "lookup_order",
  description: "Finds an order",
  inputSchema: z.object({ orderId: z.string() }),
  execute: async ({ orderId }) => ({ orderId, status: "delivered", total: 60 }),
});

/** Every refund is written to a file, unless a shadow asked for it: what a shadow does must not reach the world. */
export const refund = createTool({
  id: "refund",
  description: "Pays an order back",
  inputSchema: z.object({ orderId: z.string(), amount: z.number().positive(), idempotencyKey: z.string() }),
  execute: async ({ orderId, amount, idempotencyKey }, { requestContext, tracingContext }) => {
    if (requestContext?.get("isShadow") === true) return { refunded: true, refundId: `rehearsed-${orderId}` };
    appendFileSync(paidFile, `${orderId} ${amount}\n`);
    // A session in which the customer got the money back was a success. Without the SDK, two attributes of any span say so.
    tracingContext?.currentSpan?.update({
      metadata: { "perch.session.id": requestContext?.get("session"), "perch.outcome": "success" },
    });
    return { refunded: true, refundId: idempotencyKey };
  },
});
