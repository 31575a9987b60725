/** Steps that are taken one after the other, each when its promise has resolved. Without promises they are taken at once. */
export type InOrder = {
  take(after: Promise<void> | undefined, step: () => void): void;
  /** Steps wait: whoever makes more of them had better pause. */
  isWaiting(): boolean;
};

/** `onIdle` is called when steps had to wait and none does any more. The promises must never reject. */
export function createInOrder(onIdle: () => void): InOrder {
  const waiting: (() => void)[] = [];
  let isHeld = false;

  function isWaiting(): boolean {
    return isHeld;
  }

  function take(after: Promise<void> | undefined, step: () => void): void {
    if (isHeld) waiting.push(() => take(after, step));
    else if (after === undefined) step();
    else {
      isHeld = true;
      void after.then(() => release(step));
    }
  }

  function release(step: () => void): void {
    isHeld = false;
    step();
    const next = waiting.splice(0);
    // One of them may have to wait again: then the rest waits behind it.
    for (const step of next) step();
    if (!isWaiting()) onIdle();
  }

  return { take, isWaiting };
}
