/** What is to happen at which moment, the earliest first: a binary heap. */
export type EventQueue<Item> = {
  push(at: number, item: Item): void;
  /** The earliest that is due by `now`; null when nothing is. */
  pop(now: number): Item | null;
};

export function createEventQueue<Item>(): EventQueue<Item> {
  const heap: { readonly at: number; readonly item: Item }[] = [];
  const timeAt = (index: number): number => heap[index]?.at ?? Infinity;

  function swap(a: number, b: number): void {
    const [first, second] = [heap[a], heap[b]];
    if (first === undefined || second === undefined) return;
    heap[a] = second;
    heap[b] = first;
  }

  return {
    push(at, item) {
      heap.push({ at, item });
      for (let child = heap.length - 1; child > 0;) {
        const parent = (child - 1) >> 1;
        if (timeAt(parent) <= timeAt(child)) return;
        swap(parent, child);
        child = parent;
      }
    },
    pop(now) {
      const first = heap[0];
      if (first === undefined || first.at > now) return null;
      swap(0, heap.length - 1);
      heap.pop();
      for (let parent = 0; ;) {
        const [left, right] = [2 * parent + 1, 2 * parent + 2];
        const smaller = timeAt(right) < timeAt(left) ? right : left;
        if (timeAt(smaller) >= timeAt(parent)) return first.item;
        swap(parent, smaller);
        parent = smaller;
      }
    },
  };
}
