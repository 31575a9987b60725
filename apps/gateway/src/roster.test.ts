import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRoster } from "./roster.ts";

test("whoever comes and goes, those here are exactly the ones that have come and not left", () => {
  const aRun = fc.array(fc.oneof(fc.constant<"come">("come"), fc.nat(20)), { maxLength: 60 });
  fc.assert(
    fc.property(aRun, (steps) => {
      const roster = createRoster<object>();
      const here: { readonly one: object; readonly place: number }[] = [];
      for (const step of steps) {
        if (step === "come") {
          const one = {};
          here.push({ one, place: roster.enter(one) });
        } else {
          const [gone] = here.splice(step % Math.max(1, here.length), 1);
          if (gone !== undefined) roster.leave(gone.place);
        }
        const listed = [...roster];
        expect(new Set(listed)).toEqual(new Set(here.map(({ one }) => one)));
        expect([listed.length, roster.size()]).toEqual([here.length, here.length]);
      }
    }),
  );
});

test("places are used again", () => {
  const roster = createRoster<object>();
  for (let count = 0; count < 1000; count += 1) {
    const [first, second] = [roster.enter({}), roster.enter({})];
    expect(Math.max(first, second)).toBeLessThan(2);
    roster.leave(first);
    roster.leave(second);
  }
});

test("whoever leaves while all are visited does not disturb the visit", () => {
  const roster = createRoster<{ readonly name: string }>();
  const place = new Map(["a", "b", "c"].map((name) => [name, roster.enter({ name })]));
  const visited: string[] = [];
  for (const { name } of roster) {
    visited.push(name);
    roster.leave(place.get(name) ?? -1);
  }
  expect(visited).toEqual(["a", "b", "c"]);
  expect([...roster]).toEqual([]);
});
