/** Memory outside of the heap that is used again: taken anew for each body, it has all of the heap gone through several times a second. */
export type BufferPool = {
  /** Of at least so many bytes, with whatever was in it before. */
  take(bytes: number): Buffer;
  /** For others to use: whoever gives it back reads from it no more. */
  giveBack(buffer: Buffer): void;
};

const SMALLEST_BYTES = 64 * 1024;
const LARGEST_BYTES = 2 * 1024 * 1024;
const MOST_IDLE_BYTES = 32 * 1024 * 1024;

export function createBufferPool(): BufferPool {
  const idle = new Map<number, Buffer[]>();
  let idleBytes = 0;
  return {
    take(bytes) {
      if (bytes > LARGEST_BYTES) return Buffer.allocUnsafeSlow(bytes);
      const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, SMALLEST_BYTES)));
      const found = idle.get(size)?.pop();
      if (found === undefined) return Buffer.allocUnsafeSlow(size);
      idleBytes -= size;
      return found;
    },
    giveBack(buffer) {
      const { length } = buffer;
      if (length > LARGEST_BYTES || idleBytes + length > MOST_IDLE_BYTES) return;
      idleBytes += length;
      const same = idle.get(length);
      if (same === undefined) idle.set(length, [buffer]);
      else same.push(buffer);
    },
  };
}
