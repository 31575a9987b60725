import type { TurnOutbox } from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";

/** What every outbox promises. `create` gives a new, empty one. */
export function describeTurnOutbox(create: () => TurnOutbox): void {
  const [a, b, c] = [
    aTurnRecord({ id: "a" }),
    aTurnRecord({ id: "b", fault: "upstream_reset" }),
    aTurnRecord({ id: "c" }),
  ];

  test("records come back whole, oldest first, until they are settled", () => {
    const outbox = create();
    for (const turn of [a, b, c]) outbox.append(turn);
    expect(outbox.oldest(2)).toEqual([a, b]);
    outbox.settle(["a", "c"]);
    expect(outbox.oldest(10)).toEqual([b]);
    expect(outbox.countPending()).toBe(1);
  });

  test("a record appended twice is kept once", () => {
    const outbox = create();
    outbox.append(a);
    outbox.append(a);
    expect(outbox.oldest(10)).toEqual([a]);
  });

  test("a buried record is set aside for a person and no longer sent", () => {
    const outbox = create();
    for (const turn of [a, b]) outbox.append(turn);
    outbox.bury("a", "the server refused it");
    expect(outbox.oldest(10)).toEqual([b]);
    expect([outbox.countPending(), outbox.countBuried()]).toEqual([1, 1]);
  });

  test("settling or burying an unknown id changes nothing", () => {
    const outbox = create();
    outbox.append(a);
    outbox.settle(["x"]);
    outbox.bury("x", "never seen");
    expect([outbox.oldest(10), outbox.countBuried()]).toEqual([[a], 0]);
  });
}
