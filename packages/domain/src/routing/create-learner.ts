import { createEventDataReader } from "./event-data.ts";
import { isSessionId, type SessionId } from "./ids.ts";
import { createJsonScanner, parseJsonPlaces, type JsonPlaces } from "./json-scanner.ts";
import type { SessionLearner } from "./session-rules.ts";
import { parseTaskState, TASK_STATE_PLACES } from "./task-state.ts";
import type { TaskState } from "./turn-record.ts";

/** Finds ids in one answer while it streams past. */
export type Learner = {
  /** Ids in the head. `header` takes lower-case names. */
  head(status: number, header: (name: string) => string | undefined): readonly SessionId[];
  /** Ids whose last byte is in this chunk. They have to be known before the client gets it. */
  chunk(bytes: Uint8Array): readonly SessionId[];
  /** Where the answer leaves its A2A task, as far as it was shown; null while it tells of none. */
  taskState(): TaskState | null;
};

/** Rules made ready once for all answers of an agent. */
export type LearnerRules = {
  readonly headers: readonly string[];
  readonly places: JsonPlaces;
  /** What an id at each place begins with. The places behind those hold states of tasks. */
  readonly starts: readonly string[];
};

/** How far into an answer is looked. */
const LOOK_INTO_BYTES = 65_536;

export function prepareLearners(rules: readonly SessionLearner[]): LearnerRules {
  const inBody = rules.filter((rule) => rule.kind === "responseJson");
  return {
    headers: rules.flatMap((rule) => (rule.kind === "responseHeader" ? [rule.name.toLowerCase()] : [])),
    places: parseJsonPlaces([...inBody.map(({ pointer }) => pointer), ...(isA2a(inBody) ? TASK_STATE_PLACES : [])]),
    starts: inBody.map(({ startsWith }) => startsWith),
  };
}

/** Whoever learns the ids of A2A speaks it. */
function isA2a(rules: readonly { readonly pointer: string }[]): boolean {
  return rules.some(({ pointer }) => pointer === "/result/contextId");
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
  let state: TaskState | null = null;
  // The last event of a task says how it ended. What has told of no task within the first bytes is no stream of A2A.
  let isFollowed = false;

  function onValue(place: number, value: string): void {
    if (place >= starts.length) {
      state = parseTaskState(value) ?? state;
      return;
    }
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
      isFollowed = read !== null && EVENT_STREAM.test(header("content-type") ?? "");
      return [...new Set(headers.flatMap((name) => idIn(name, header(name) ?? "")))];
    },
    chunk(bytes) {
      found = [];
      const length = isFollowed && state !== null ? bytes.length : Math.min(bytes.length, left);
      read?.(bytes, 0, length);
      left = Math.max(0, left - length);
      const isDone = left === 0 || (open.size === 0 && places.length === starts.length);
      if (isDone && !(isFollowed && state !== null)) read = null;
      return found;
    },
    taskState: () => state,
  };
}

const EVENT_STREAM = /^text\/event-stream\b/i;

type Read = (bytes: Uint8Array, start: number, end: number) => void;

/** Null when the body is of a type that holds no ids. */
function createReader(
  header: (name: string) => string | undefined,
  places: JsonPlaces,
  onValue: (place: number, value: string) => void,
): Read | null {
  if (!/^(?:identity)?$/i.test(header("content-encoding") ?? "")) return null;
  const type = header("content-type") ?? "";
  const isStream = EVENT_STREAM.test(type);
  if (!isStream && !/^[^;]*[/+]json\s*(?:;|$)/i.test(type)) return null;
  const scanner = createJsonScanner(places, onValue);
  if (!isStream) return (bytes, start, end) => scanner.write(bytes, start, end);
  return createEventDataReader({
    onData: (bytes, start, end) => scanner.write(bytes, start, end),
    onEventEnd: () => scanner.reset(),
  });
}
