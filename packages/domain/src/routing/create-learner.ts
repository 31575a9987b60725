import { createEventDataReader } from "./event-data.ts";
import { isSessionId, type SessionId } from "./ids.ts";
import { createJsonScanner } from "./json-scanner.ts";
import type { SessionLearner } from "./session-rules.ts";

/** Finds ids in one answer while it streams past. */
export type Learner = {
  /** Ids in the head. `header` takes lower-case names. */
  head(status: number, header: (name: string) => string | undefined): readonly SessionId[];
  /** False once nothing more can be found: what follows need not be shown to it. */
  isListening(): boolean;
  /** Ids whose last byte is in this chunk. They have to be known before the client gets it. */
  chunk(bytes: Uint8Array): readonly SessionId[];
};

/** How far into an answer is looked. */
const LOOK_INTO_BYTES = 65_536;

/** Each rule finds at most one id an answer. Only successful answers name sessions, and only those that are not packed. */
export function createLearner(rules: readonly SessionLearner[]): Learner {
  const inBody = rules.filter((rule) => rule.kind === "responseJson");
  const open = new Set(inBody.keys());
  let found: SessionId[] = [];
  let left = LOOK_INTO_BYTES;
  let feed: ((byte: number) => void) | null = null;

  function onValue(index: number, value: string): void {
    // What could not be a session id cannot be another name of one either.
    if (!isSessionId(value) || !value.startsWith(inBody[index]?.startsWith ?? "")) return;
    if (open.delete(index) && !found.includes(value)) found.push(value);
  }

  return {
    head(status, header) {
      if (status < 200 || status > 299) return [];
      if (inBody.length > 0)
        feed = createFeed(
          inBody.map(({ pointer }) => pointer),
          { header, onValue },
        );
      const named = rules.flatMap((rule) => (rule.kind === "responseHeader" ? [header(rule.name) ?? ""] : []));
      return [...new Set(named.filter(isSessionId))];
    },
    isListening: () => feed !== null,
    chunk(bytes) {
      found = [];
      for (let at = 0; at < bytes.length && feed !== null; at += 1) {
        feed(bytes[at] ?? 0);
        left -= 1;
        if (left === 0 || open.size === 0) feed = null;
      }
      return found;
    },
  };
}

type Body = {
  readonly header: (name: string) => string | undefined;
  readonly onValue: (index: number, value: string) => void;
};

/** Null when the body is of a type that holds no ids. */
function createFeed(pointers: readonly string[], { header, onValue }: Body): ((byte: number) => void) | null {
  if (!/^(?:identity)?$/i.test(header("content-encoding") ?? "")) return null;
  const type = header("content-type") ?? "";
  const scanner = createJsonScanner(pointers, onValue);
  if (/^text\/event-stream\b/i.test(type)) {
    return createEventDataReader({ onData: (byte) => scanner.feed(byte), onEventEnd: () => scanner.reset() });
  }
  return /^[^;]*[/+]json\s*(?:;|$)/i.test(type) ? (byte) => scanner.feed(byte) : null;
}
