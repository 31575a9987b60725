import { pick, type Random } from "../fuzz/random.ts";

/** The items in a made-up order, again and again: each comes before any comes twice. */
export function* deal<Item>(items: readonly Item[], random: Random): Generator<Item, never> {
  for (;;) {
    const left = [...items];
    while (left.length > 0) yield* left.splice(random(left.length), 1);
  }
}

export function between(least: number, most: number, random: Random): number {
  return least + random(most - least + 1);
}

export function oneOf<Item>(items: readonly [Item, ...Item[]], random: Random): Item {
  return pick(items, random, items[0]);
}
