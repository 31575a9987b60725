import type { Head } from "./head-reader.ts";

/**
 * The last head of a connection. One that is the same byte for byte need not be read again, since what a head says depends
 * on nothing but its bytes.
 */
export type HeadMemory = {
  keep(bytes: Buffer, head: Head): void;
  /** The head that is kept, when the chunk begins with its bytes; null when it does not. */
  recall(chunk: Buffer): { readonly head: Head; readonly bytes: number } | null;
};

/** Longer heads are rarely the same. */
const LONGEST = 2048;

export function createHeadMemory(): HeadMemory {
  let kept: { readonly text: Buffer; readonly head: Head; readonly bytes: number } | null = null;
  return {
    keep(bytes, head) {
      if (bytes.byteLength <= LONGEST) kept = { text: Buffer.from(bytes), head, bytes: bytes.byteLength };
    },
    recall(chunk) {
      if (kept === null || chunk.byteLength < kept.bytes) return null;
      return kept.text.compare(chunk, 0, kept.bytes) === 0 ? kept : null;
    },
  };
}
