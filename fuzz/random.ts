/** A whole number from 0 up to, and without, the bound. */
export type Random = (below: number) => number;

/** The same numbers for the same text, so that a seed names an input for ever. Mulberry32 over an FNV-1a hash. */
export function createRandom(seed: string): Random {
  let state = 2_166_136_261;
  for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 16_777_619);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function pick<T>(items: readonly T[], random: Random, otherwise: T): T {
  return items[random(items.length)] ?? otherwise;
}
