import { expect, test } from "vitest";
import { atOnce } from "./at-once.ts";

const ITEMS = Array.from({ length: 20 }, (_, index) => index);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("every item is worked on once, and never more at once than allowed", async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await atOnce(ITEMS, 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    done.push(item);
  });
  expect(done.toSorted((a, b) => a - b)).toEqual(ITEMS);
  expect(most).toBe(3);
});

test("after a failure nothing new is begun, and what is under way ends before it is thrown", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await turn();
    if (item === 4) throw new Error("no space");
    await turn();
    ended.push(item);
  };
  await expect(atOnce(ITEMS, 3, work)).rejects.toThrow("no space");
  expect(begun.length).toBeLessThan(10);
  expect(ended.toSorted((a, b) => a - b)).toEqual(begun.filter((item) => item !== 4).toSorted((a, b) => a - b));
});
