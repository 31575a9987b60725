import type { KeptTurns } from "@perch/domain";

/** Puts messages together one after the other, all in the same memory. */
export type TurnMessages = {
  /** `POST /v1/turns` of `@perch/api`, in UTF-8. It is good until the next one. */
  of(batches: readonly KeptTurns[]): Buffer;
  /** Somebody may still be sending the last one: it stays as it is. */
  abandon(): void;
};

const [BEGIN, COMMA, END] = [Buffer.from('{"turns":['), Buffer.from(","), Buffer.from("]}")];
/** A larger one, of very long records, is not kept. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * With memory of its own for each message, megabytes a second, what had been sent was only freed with the next collection
 * of everything, and brought that about: V8 counts memory outside its heap too.
 */
export function createTurnMessages(): TurnMessages {
  let memory = Buffer.alloc(0);

  function room(bytes: number): Buffer {
    if (bytes > MOST_KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    // Sizes vary: not every longer one than before should need new memory.
    if (memory.byteLength < bytes) memory = Buffer.allocUnsafeSlow(Math.min(2 * bytes, MOST_KEPT_BYTES));
    return memory;
  }

  return {
    of(batches) {
      const parts: Uint8Array[] = [];
      for (const { json } of batches) parts.push(parts.length === 0 ? BEGIN : COMMA, json.subarray(1, -1));
      parts.push(END);
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      const message = room(bytes);
      let at = 0;
      for (const part of parts) {
        message.set(part, at);
        at += part.byteLength;
      }
      return message.subarray(0, bytes);
    },
    abandon() {
      memory = Buffer.alloc(0);
    },
  };
}
