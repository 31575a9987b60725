import type { Head } from "./head-reader.ts";

/**
 * The last head of a connection. One that is the same byte for byte need not be read again, since what a head says depends
 * on nothing but its bytes.
 */
export type HeadMemory = {
  /** `text` is the whole head in Latin-1, with which each byte is a character. */
  keep(text: string, head: Head): void;
  /** The head that is kept, when the chunk begins with its bytes; null when it does not. */
  recall(chunk: Buffer): { readonly head: Head; readonly bytes: number } | null;
};

/** Longer heads are rarely the same. */
const LONGEST = 2048;

export function createHeadMemory(): HeadMemory {
  // Text and not bytes: a few bytes in a buffer would keep the whole block that Node cuts small buffers from.
  let kept: { readonly text: string; readonly head: Head; readonly bytes: number } | null = null;
  return {
    keep(text, head) {
      if (text.length <= LONGEST) kept = { text, head, bytes: text.length };
    },
    recall(chunk) {
      if (kept === null || chunk.byteLength < kept.bytes) return null;
      return chunk.toString("latin1", 0, kept.bytes) === kept.text ? kept : null;
    },
  };
}
