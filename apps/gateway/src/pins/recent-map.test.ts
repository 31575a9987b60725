import { expect, test } from "vitest";
import { createRecentMap, type RecentMap } from "./recent-map.ts";

function filled(
  most: number,
  entries: readonly (readonly [string, string])[],
): {
  readonly map: RecentMap<string>;
  readonly evicted: readonly string[];
} {
  const evicted: string[] = [];
  const map = createRecentMap<string>(most, (entry) => evicted.push(entry));
  for (const [group, key] of entries) map.set(group, key, `${group}-${key}`);
  return { map, evicted };
}

test("the entry written longest ago makes room", () => {
  const entries = ["1", "2", "1", "3"].map((key) => ["a", key] as const);
  const { map, evicted } = filled(2, entries);
  expect(evicted).toEqual(["a-2"]);
  expect([...map.values()]).toEqual(["a-1", "a-3"]);
});

test("the group with most entries makes room, so that a small one keeps its own", () => {
  const { map, evicted } = filled(3, [
    ["a", "1"],
    ["a", "2"],
    ["a", "3"],
    ["b", "1"],
    ["a", "4"],
  ]);
  expect(evicted).toEqual(["a-1", "a-2"]);
  expect(map.get("b", "1")).toBe("b-1");
});

test("the same key of two groups is two entries, and a deleted one leaves its place", () => {
  const { map, evicted } = filled(2, [
    ["a", "1"],
    ["b", "1"],
  ]);
  map.delete("a", "1");
  map.delete("a", "unknown");
  map.set("b", "2", "b-2");
  expect(map.get("a", "1")).toBeUndefined();
  expect(map.get("b", "1")).toBe("b-1");
  expect(evicted).toEqual([]);
});
