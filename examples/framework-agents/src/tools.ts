import { appendFileSync } from "node:fs";
import { perch } from "@perch/sdk";
import { z } from "zod";

export const LOOK_UP = z.object({ orderId: z.string() });
export const REFUND = z.object({ orderId: z.string(), amount: z.number().positive(), idempotencyKey: z.string() });

const { PAID_FILE: paidFile = "paid.txt" } = process.env;

/** The frameworks check the arguments before they call these. */
export const lookUpOrder = perch.tool("lookup_order", { effect: "read" }, ({ orderId }: z.infer<typeof LOOK_UP>) =>
  JSON.stringify({ orderId, status: "delivered", total: 60 }),
);

/** Every refund is written to a file, unless a shadow asked for it. */
export const refund = perch.tool(
  "refund",
  { effect: "write", stub: ({ orderId }) => JSON.stringify({ refunded: true, refundId: `rehearsed-${orderId}` }) },
  ({ orderId, amount, idempotencyKey }: z.infer<typeof REFUND>) => {
    appendFileSync(paidFile, `${orderId} ${amount}\n`);
    return JSON.stringify({ refunded: true, refundId: idempotencyKey });
  },
);
