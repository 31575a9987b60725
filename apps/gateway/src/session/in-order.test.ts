import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createInOrder } from "./in-order.ts";

test("steps without promises are taken at once", () => {
  const taken: number[] = [];
  const order = createInOrder(() => taken.push(-1));
  order.take(undefined, () => taken.push(1));
  order.take(undefined, () => taken.push(2));
  expect([taken, order.isWaiting()]).toEqual([[1, 2], false]);
});

test("steps are taken in order, none before its promise, and idleness is told once they all are", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (waits) => {
      const taken: number[] = [];
      const order = createInOrder(() => taken.push(-1));
      const opens: (() => void)[] = [];
      for (const [index, wait] of waits.entries()) {
        const after = wait ? new Promise<void>((resolve) => opens.push(resolve)) : undefined;
        order.take(after, () => taken.push(index));
      }
      expect(taken).toEqual([...waits.keys()].slice(0, waits.includes(true) ? waits.indexOf(true) : waits.length));
      for (const open of opens.toReversed()) open();
      await turn();
      expect(taken).toEqual([...waits.keys(), ...(waits.includes(true) ? [-1] : [])]);
      expect(order.isWaiting()).toBe(false);
    }),
  );
});
