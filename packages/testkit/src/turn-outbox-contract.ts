import type { KeptTurns, TurnOutbox } from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";

/** What every outbox promises. `create` gives a new, empty one. */
export function describeTurnOutbox(create: () => TurnOutbox): void {
  const [a, b, c] = [
    aTurnRecord({ id: "a" }),
    aTurnRecord({ id: "b", fault: "upstream_reset" }),
    aTurnRecord({ id: "c" }),
  ];

  test("batches come back whole, oldest first, until they are settled", () => {
    const outbox = create();
    outbox.append([a, b]);
    outbox.append([c]);
    const kept = outbox.oldest(10);
    expect(recordsOf(kept)).toEqual([[a, b], [c]]);
    expect(kept.map(({ count }) => count)).toEqual([2, 1]);
    expect(outbox.countPending()).toBe(3);
    outbox.settle(kept.slice(0, 1).map(({ id }) => id));
    expect(recordsOf(outbox.oldest(10))).toEqual([[c]]);
    expect(outbox.countPending()).toBe(1);
  });

  test("as many batches come as are needed for so many records, and no more", () => {
    const outbox = create();
    for (const turns of [[a, b], [c], [a]]) outbox.append(turns);
    expect([1, 2, 3, 4].map((limit) => outbox.oldest(limit).length)).toEqual([1, 1, 2, 3]);
  });

  test("a batch that is split comes back record by record, behind all others", () => {
    const outbox = create();
    outbox.append([a, b]);
    outbox.append([c]);
    for (const { id } of outbox.oldest(1)) outbox.split(id);
    expect(recordsOf(outbox.oldest(10))).toEqual([[c], [a], [b]]);
  });

  test("a buried batch is set aside for a person and no longer sent", () => {
    const outbox = create();
    outbox.append([a, b]);
    outbox.append([c]);
    for (const { id } of outbox.oldest(1)) outbox.bury(id, "the server refused it");
    expect(recordsOf(outbox.oldest(10))).toEqual([[c]]);
    expect([outbox.countPending(), outbox.countBuried()]).toEqual([1, 2]);
  });

  test("settling, splitting or burying what is not there changes nothing", () => {
    const outbox = create();
    outbox.append([a]);
    const [first] = outbox.oldest(1);
    const unknown = (first?.id ?? 0) + 1;
    outbox.settle([unknown]);
    outbox.split(unknown);
    outbox.bury(unknown, "never seen");
    expect([recordsOf(outbox.oldest(10)), outbox.countBuried()]).toEqual([[[a]], 0]);
  });
}

function recordsOf(batches: readonly KeptTurns[]): unknown[] {
  return batches.map(({ json }) => JSON.parse(Buffer.from(json).toString()));
}
