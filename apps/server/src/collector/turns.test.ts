import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

test("however many wait, one of them goes on in each turn of the event loop, in their order", async () => {
  const turn = createTurns();
  const seen: string[] = [];
  let loops = 0;
  const count = () => {
    loops += 1;
    if (seen.length < 4) setImmediate(count);
  };
  setImmediate(count);
  const busy = async (name: string) => {
    await turn();
    seen.push(`${name} ${loops}`);
  };
  await Promise.all(["a", "b", "c", "d"].map(busy));
  expect(seen.map((one) => one.slice(0, 1))).toEqual(["a", "b", "c", "d"]);
  expect(new Set(seen.map((one) => one.slice(2))).size).toBe(4);
});
