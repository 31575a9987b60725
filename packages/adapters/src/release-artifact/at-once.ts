/**
 * Works on all items, at most so many at once. After a failure none is begun any more; it is thrown when those under way
 * have ended, so that nothing goes on behind the caller's back.
 */
export async function atOnce<T>(items: Iterable<T>, most: number, work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  // One iterator for all: each takes the next item that nobody has taken.
  const waiting = items[Symbol.iterator]();
  async function takeTurns(): Promise<void> {
    for (let next = waiting.next(); next.done !== true && failures.length === 0; next = waiting.next()) {
      await work(next.value).catch((error: unknown) => failures.push(error));
    }
  }
  await Promise.all(Array.from({ length: most }, takeTurns));
  if (failures.length > 0) throw failures[0];
}
