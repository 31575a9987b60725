import type { Socket } from "node:net";
import type { Fields } from "./fields.ts";

/**
 * Writes messages, each gathered as it is known and handed to the socket in as few pieces as that allows: a system call
 * costs more than everything else done for a short message.
 */
export type MessageWriter = {
  /** `head` is a whole head with its empty line, in Latin-1. */
  begin(head: string, options: { readonly isChunked: boolean }): void;
  data(pieces: readonly Buffer[]): void;
  end(trailers: Fields): void;
  /** Hands over what was gathered. False when the socket has enough for now: it says "drain" later. */
  flush(): boolean;
};

/** Up to here Node hands a string over from the stack, without a buffer. */
const TEXT_BYTES = 8192;
/** Up to here one copy costs less than a vectored write. */
const COPY_BYTES = 32_768;

export function createMessageWriter(
  socket: Pick<Socket, "write" | "cork" | "uncork" | "writableNeedDrain">,
): MessageWriter {
  let parts: (string | Buffer)[] = [];
  let bytes = 0;
  let isChunked = false;

  function add(part: string | Buffer): void {
    parts.push(part);
    bytes += part.length;
  }

  return {
    begin(head, options) {
      isChunked = options.isChunked;
      add(head);
    },
    data(pieces) {
      if (!isChunked) {
        for (const piece of pieces) add(piece);
        return;
      }
      let length = 0;
      for (const piece of pieces) length += piece.byteLength;
      if (length === 0) return;
      add(`${length.toString(16)}\r\n`);
      for (const piece of pieces) add(piece);
      add("\r\n");
    },
    end(trailers) {
      if (isChunked) add(`0\r\n${linesOf(trailers)}\r\n`);
    },
    flush() {
      const gathered = parts;
      if (gathered.length > 0) {
        parts = [];
        if (bytes <= TEXT_BYTES) socket.write(textOf(gathered), "latin1");
        else if (bytes <= COPY_BYTES || gathered.length === 1) socket.write(joined(gathered, bytes));
        else writeAll(socket, gathered);
        bytes = 0;
      }
      return !socket.writableNeedDrain;
    },
  };
}

/** Each byte as the character of its number, which is what Latin-1 is. */
function textOf(parts: readonly (string | Buffer)[]): string {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : part.toString("latin1");
  return text;
}

function joined(parts: readonly (string | Buffer)[], bytes: number): Buffer {
  const [first] = parts;
  if (parts.length === 1 && typeof first === "object") return first;
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    at += typeof part === "string" ? whole.write(part, at, "latin1") : part.copy(whole, at);
  }
  return whole;
}

function writeAll(socket: Pick<Socket, "write" | "cork" | "uncork">, parts: readonly (string | Buffer)[]): void {
  socket.cork();
  for (const part of parts) {
    if (typeof part === "string") socket.write(part, "latin1");
    else socket.write(part);
  }
  socket.uncork();
}

function linesOf({ names, values }: Fields): string {
  let lines = "";
  for (let index = 0; index < names.length; index += 1) lines += `${names[index]}: ${values[index]}\r\n`;
  return lines;
}
