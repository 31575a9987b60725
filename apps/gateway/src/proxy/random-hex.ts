const POOL_BYTES = 4096;

/** Random hex digits, asking the operating system for many at a time: every request needs two ids. */
export function createRandomHex(fill: (bytes: Buffer) => void): (bytes: number) => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (bytes) => {
    if (used + bytes > POOL_BYTES) {
      fill(pool);
      used = 0;
    }
    used += bytes;
    return pool.toString("hex", used - bytes, used);
  };
}
