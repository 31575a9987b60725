import { findOrder } from "./orders.ts";

export type RefundRequest = { readonly orderId: string; readonly amount: number; readonly idempotencyKey: string };
export type Refund = { readonly refunded: true; readonly refundId: string; readonly amount: number };

export interface RefundDesk {
  /** The same key pays once and gets the same refund back. Throws `RefundRefusedError` when nothing was paid. */
  pay(request: RefundRequest): Refund;
  /** What `pay` would say to this, and nothing is paid. */
  rehearse(request: RefundRequest): Refund;
}

export class RefundRefusedError extends Error {
  override readonly name = "RefundRefusedError";
}

const LIMIT_EUROS = 180;
const KEPT_REFUNDS = 10_000;

export function createRefundDesk(): RefundDesk {
  const paid = new Map<string, Refund>();
  return {
    pay(request) {
      const earlier = paid.get(request.idempotencyKey);
      if (earlier) return earlier;
      checkRefund(request);
      const refund: Refund = {
        refunded: true,
        refundId: `R-${request.orderId}-${paid.size + 1}`,
        amount: request.amount,
      };
      const [oldest] = paid.size >= KEPT_REFUNDS ? paid.keys() : [];
      if (oldest !== undefined) paid.delete(oldest);
      paid.set(request.idempotencyKey, refund);
      return refund;
    },
    rehearse(request) {
      checkRefund(request);
      return { refunded: true, refundId: `R-${request.orderId}-rehearsed`, amount: request.amount };
    },
  };
}

function checkRefund({ orderId, amount }: RefundRequest): void {
  const order = findOrder(orderId);
  if (!order) throw new RefundRefusedError(`order_unknown: there is no order ${orderId}`);
  if (amount > order.total) {
    throw new RefundRefusedError(`amount_too_high: found ${amount}, the order cost ${order.total}`);
  }
  if (amount > LIMIT_EUROS) {
    throw new RefundRefusedError(`over_limit: found ${amount}, expected at most ${LIMIT_EUROS} euros`);
  }
}
