import type { ProtoReserved } from "./proto-schema.ts";

/** Tells whether a number is reserved, however many ranges there are. */
export function reservedNumbers({ numbers }: ProtoReserved): (number: number) => boolean {
  const ranges = numbers.toSorted((a, b) => a.from - b.from);
  let furthest = -Infinity;
  // Ranges may overlap, so each knows how far it and all before it reach.
  const reach = ranges.map(({ to }) => (furthest = Math.max(furthest, to)));
  return (number) => {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.from ?? Infinity) <= number) low = middle + 1;
      else high = middle;
    }
    return (reach[low - 1] ?? -Infinity) >= number;
  };
}
