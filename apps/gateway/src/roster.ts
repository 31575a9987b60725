/** Who is here at present. */
export type Roster<One> = Iterable<One> & {
  /** The answer is the newcomer's place, by which it leaves. */
  enter(one: One): number;
  /** To be called once for each place. */
  leave(place: number): void;
  size(): number;
};

/**
 * For what comes and goes all the time, where a `Set` would hold on to it: a Set that is filled and emptied outgrows one table
 * after another, and each refers to the next and to what was in it then. Once the first of them is old, minor collections
 * free none of them. Everything that ever was in the Set is copied twice and kept until the next collection of everything.
 */
export function createRoster<One extends object>(): Roster<One> {
  const places: (One | null)[] = [];
  const free: number[] = [];
  return {
    enter(one) {
      const place = free.pop() ?? places.length;
      places[place] = one;
      return place;
    },
    leave(place) {
      places[place] = null;
      free.push(place);
    },
    size: () => places.length - free.length,
    *[Symbol.iterator]() {
      for (const one of places) if (one !== null) yield one;
    },
  };
}
