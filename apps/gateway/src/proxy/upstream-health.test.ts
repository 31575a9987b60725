import { expect, test } from "vitest";
import { createUpstreamHealth, type UpstreamHealth } from "./upstream-health.ts";

const a = { origin: "http://a", host: "a", basePath: "" };
const b = { origin: "http://b", host: "b", basePath: "" };

function first(health: UpstreamHealth): string {
  return health.inOrder([a, b])[0]?.host ?? "";
}

test("a URL where nobody listens is asked last for a second, then first again; each further time twice as long", () => {
  let now = 0;
  const health = createUpstreamHealth(() => now);
  health.failed(a.origin, "unreachable");
  expect(first(health)).toBe("b");
  now = 1000;
  expect(first(health)).toBe("a");
  health.failed(a.origin, "unreachable");
  now = 2999;
  expect(first(health)).toBe("b");
  now = 3000;
  expect(first(health)).toBe("a");
});

test("one broken answer is an accident, three in a row are not", () => {
  const health = createUpstreamHealth(() => 0);
  health.failed(a.origin, "broken");
  health.failed(a.origin, "broken");
  expect(first(health)).toBe("a");
  health.failed(a.origin, "broken");
  expect(first(health)).toBe("b");
});

test("an answer forgives everything", () => {
  const health = createUpstreamHealth(() => 0);
  for (let round = 0; round < 5; round += 1) health.failed(a.origin, "broken");
  health.answered(a.origin);
  health.failed(a.origin, "broken");
  expect(first(health)).toBe("a");
});

test("where all are set aside they are asked all the same, and none is ever left out", () => {
  const health = createUpstreamHealth(() => 0);
  for (const { origin } of [a, b]) health.failed(origin, "unreachable");
  expect(health.inOrder([a, b])).toEqual([a, b]);
});

test("no time aside is longer than half a minute", () => {
  let now = 0;
  const health = createUpstreamHealth(() => now);
  for (let round = 0; round < 20; round += 1) {
    health.failed(a.origin, "unreachable");
    now += 30_000;
    expect(first(health)).toBe("a");
  }
});
