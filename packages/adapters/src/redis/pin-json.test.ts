import { aPin } from "@perch/testkit";
import { expect, test } from "vitest";
import { formatPin, parsePin } from "./pin-json.ts";

test("a pin that a version without strategies wrote is read", () => {
  const { targeting: _, ...older } = aPin();
  expect(parsePin(JSON.stringify(older))).toEqual(aPin());
  expect(parsePin(formatPin(aPin()))).toEqual(aPin());
});
