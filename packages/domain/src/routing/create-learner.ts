import { createEventDataReader } from "./event-data.ts";
import { isSessionId, type SessionId } from "./ids.ts";
import { createJsonScanner, parseJsonPlaces, type JsonPlaces } from "./json-scanner.ts";
import type { SessionLearner } from "./session-rules.ts";

/** Finds ids in one answer while it streams past. */
export type Learner = {
  /** Ids in the head. `header` takes lower-case names. */
  head(status: number, header: (name: string) => string | undefined): readonly SessionId[];
  /** Ids whose last byte is in this chunk. They have to be known before the client gets it. */
  chunk(bytes: Uint8Array): readonly SessionId[];
};

/** Rules made ready once for all answers of an agent. */
export type LearnerRules = {
  readonly headers: readonly string[];
  readonly places: JsonPlaces;
  /** What an id at each place begins with. */
  readonly starts: readonly string[];
};

/** How far into an answer is looked. */
const LOOK_INTO_BYTES = 65_536;

export function prepareLearners(rules: readonly SessionLearner[]): LearnerRules {
  const inBody = rules.filter((rule) => rule.kind === "responseJson");
  return {
    headers: rules.flatMap((rule) => (rule.kind === "responseHeader" ? [rule.name.toLowerCase()] : [])),
    places: parseJsonPlaces(inBody.map(({ pointer }) => pointer)),
    starts: inBody.map(({ startsWith }) => startsWith),
  };
}

/**
 * Each rule finds at most one id an answer. Only successful answers name sessions, and only those that are not packed.
 * `onFound` is told by which rule: the same name for the same place of whatever answer of the agent.
 */
export function createLearner(
  { headers, places, starts }: LearnerRules,
  onFound: (rule: string, id: SessionId) => void = () => {},
): Learner {
  const open = new Set(starts.keys());
  let found: SessionId[] = [];
  let left = LOOK_INTO_BYTES;
  let read: Read | null = null;

  function onValue(place: number, value: string): void {
    // What could not be a session id cannot be another name of one either.
    if (!isSessionId(value) || !value.startsWith(starts[place] ?? "")) return;
    if (!open.delete(place)) return;
    onFound(`body ${place}`, value);
    if (!found.includes(value)) found.push(value);
  }

  function idIn(name: string, value: string): readonly SessionId[] {
    if (!isSessionId(value)) return [];
    onFound(`header ${name}`, value);
    return [value];
  }

  return {
    head(status, header) {
      if (status < 200 || status > 299) return [];
      if (places.length > 0) read = createReader(header, places, onValue);
      return [...new Set(headers.flatMap((name) => idIn(name, header(name) ?? "")))];
    },
    chunk(bytes) {
      found = [];
      const length = Math.min(bytes.length, left);
      read?.(bytes, 0, length);
      left -= length;
      if (left === 0 || open.size === 0) read = null;
      return found;
    },
  };
}

type Read = (bytes: Uint8Array, start: number, end: number) => void;

/** Null when the body is of a type that holds no ids. */
function createReader(
  header: (name: string) => string | undefined,
  places: JsonPlaces,
  onValue: (place: number, value: string) => void,
): Read | null {
  if (!/^(?:identity)?$/i.test(header("content-encoding") ?? "")) return null;
  const type = header("content-type") ?? "";
  const isStream = /^text\/event-stream\b/i.test(type);
  if (!isStream && !/^[^;]*[/+]json\s*(?:;|$)/i.test(type)) return null;
  const scanner = createJsonScanner(places, onValue);
  if (!isStream) return (bytes, start, end) => scanner.write(bytes, start, end);
  return createEventDataReader({
    onData: (bytes, start, end) => scanner.write(bytes, start, end),
    onEventEnd: () => scanner.reset(),
  });
}
