import { createHash } from "node:crypto";

export type Order = {
  readonly orderId: string;
  readonly status: "processing" | "shipped" | "delivered" | "delayed" | "returned";
  readonly item: string;
  /** Euros. */
  readonly total: number;
};

const ORDER_ID = /^[A-Z]-\d{5,7}$/;
const STATUSES = ["processing", "shipped", "delivered", "delayed", "returned"] as const;
const ITEMS = ["trail tent", "rain jacket", "hiking boots", "down sleeping bag", "titanium stove"] as const;

/**
 * The order book of the simulated shop. Every well-formed number has an order, which follows from the number alone;
 * about one number in forty is unknown.
 */
export function findOrder(orderId: string): Order | null {
  if (!ORDER_ID.test(orderId)) return null;
  const bytes = createHash("sha256").update(`order\0${orderId}`).digest();
  if (bytes.readUInt8(0) % 40 === 0) return null;
  return {
    orderId,
    status: STATUSES[bytes.readUInt8(1) % STATUSES.length] ?? "processing",
    item: ITEMS[bytes.readUInt8(2) % ITEMS.length] ?? "trail tent",
    total: (1_500 + (bytes.readUInt16BE(3) % 21_000)) / 100,
  };
}
