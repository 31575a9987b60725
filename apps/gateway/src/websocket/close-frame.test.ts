import { expect, test } from "vitest";
import { closeCodeOf, closeFrame } from "./close-frame.ts";

test("a close frame has its code, and as much of its reason as fits without a broken character", () => {
  expect(closeFrame(1013, "later")).toEqual(Buffer.from([0x88, 7, 0x03, 0xf5, ...Buffer.from("later")]));
  const long = closeFrame(1011, "ä".repeat(100));
  expect([long.byteLength, long.subarray(4).toString()]).toEqual([2 + 2 + 122, "ä".repeat(61)]);
});

test("what is over soon is told apart from what is the client's fault and what is ours", () => {
  expect([400, 410, 500, 501, 502, 503, 504].map(closeCodeOf)).toEqual([1008, 1008, 1011, 1011, 1013, 1013, 1013]);
});
