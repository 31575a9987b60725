import * as fc from "fast-check";
import { expect, test } from "vitest";
import { searchArticles } from "./articles.ts";
import { findOrder } from "./orders.ts";
import { createRefundDesk, RefundRefusedError, type RefundRequest } from "./refunds.ts";

const orderIds = Array.from({ length: 2000 }, (_, index) => `P-${100_000 + index}`);
const cheap = orderThat((total) => total < 100);
const dear = orderThat((total) => total > 200);

test("an order number always finds the same order", () => {
  for (const orderId of orderIds.slice(0, 100)) expect(findOrder(orderId)).toEqual(findOrder(orderId));
});

test("a few orders in a hundred are unknown, and so is everything that is no order number", () => {
  const unknown = orderIds.filter((orderId) => findOrder(orderId) === null).length / orderIds.length;
  expect(unknown).toBeGreaterThan(0.01);
  expect(unknown).toBeLessThan(0.05);
  expect(["", "P-1", "104233", "P-104233 "].map(findOrder)).toEqual([null, null, null, null]);
});

test("a refund within the limit is paid", () => {
  expect(createRefundDesk().pay(requestFor(cheap))).toMatchObject({ refunded: true, amount: cheap.total });
});

test("the same key never pays twice", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...orderIds.slice(0, 5)), { maxLength: 30 }), (requests) => {
      const desk = createRefundDesk();
      const ids = requests.flatMap((orderId) => {
        const order = findOrder(orderId);
        return order && order.total <= 180 ? [desk.pay(requestFor(order)).refundId] : [];
      });
      expect(new Set(ids).size).toBeLessThanOrEqual(5);
    }),
  );
});

test.each([
  ["above the limit", requestFor(dear), "over_limit"],
  ["of more than was paid", { ...requestFor(cheap), amount: cheap.total + 1 }, "amount_too_high"],
  ["for an unknown order", { ...requestFor(cheap), orderId: "nothing" }, "order_unknown"],
])("a refund %s is refused", (_, request, code) => {
  expect(() => createRefundDesk().pay(request)).toThrow(RefundRefusedError);
  expect(() => createRefundDesk().pay(request)).toThrow(code);
});

test("a question finds its article in the help centre, and nonsense finds none", () => {
  expect(searchArticles("How do I exchange an item?")).toMatchObject({ title: "Returns" });
  expect(searchArticles("What is the shipping cost?")).toMatchObject({ title: "Shipping" });
  expect(searchArticles("xyzzy")).toBeNull();
});

function orderThat(fits: (total: number) => boolean) {
  const found = orderIds.map(findOrder).find((order) => order !== null && fits(order.total));
  if (!found) throw new Error("no order fits");
  return found;
}

function requestFor(order: { orderId: string; total: number }): RefundRequest {
  return { orderId: order.orderId, amount: order.total, idempotencyKey: `refund-${order.orderId}` };
}
