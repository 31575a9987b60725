import { RELEASE_LIMITS } from "./limits.ts";

/** Where in a text its reader is, and what it found wrong so far. */
export type Cursor = {
  readonly text: string;
  at: number;
  depth: number;
  stopped: boolean;
  readonly flaws: { readonly at: number; readonly message: string }[];
};

export function startOf(text: string): Cursor {
  return { text, at: 0, depth: 0, stopped: false, flaws: [] };
}

/** The string at the cursor; empty where there is none that JSON allows, and that is noted. */
export function readString(cursor: Cursor): string {
  if (cursor.stopped) return "";
  const start = cursor.at;
  const quoted = closedString(cursor);
  const text = quoted === null ? null : unquote(quoted);
  if (text === null) {
    stop(
      cursor,
      "found a string with a line break, an escape that JSON does not have or no end, expected one on a line",
    );
    return "";
  }
  if (!text.isWellFormed()) note(cursor, start, "found a string with half of a surrogate pair, expected Unicode text");
  return text;
}

// Everything up to the closing quote; whether the escapes in it are JSON's is for `JSON.parse` to say.
function closedString(cursor: Cursor): string | null {
  for (let end = cursor.at + 1; end < cursor.text.length; end += 1) {
    const code = cursor.text.charCodeAt(end);
    if (code < 0x20) return null;
    if (code === 0x5c) end += 1;
    if (code !== 0x22) continue;
    const quoted = cursor.text.slice(cursor.at, end + 1);
    cursor.at = end + 1;
    return quoted;
  }
  return null;
}

function unquote(quoted: string): string | null {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return null;
  }
}

export function skipBlanks(cursor: Cursor): void {
  while (" \t\n\r".includes(cursor.text[cursor.at] ?? "x")) cursor.at += 1;
}

export function take(cursor: Cursor, sign: string): boolean {
  if (cursor.text[cursor.at] !== sign) return false;
  cursor.at += 1;
  return true;
}

export function shown(cursor: Cursor): string {
  const point = cursor.text.codePointAt(cursor.at);
  return point === undefined ? "the end" : JSON.stringify(String.fromCodePoint(point));
}

export function note(cursor: Cursor, at: number, message: string): void {
  if (cursor.stopped) return;
  cursor.flaws.push({ at, message });
  if (cursor.flaws.length >= RELEASE_LIMITS.problems) end(cursor);
}

export function stop(cursor: Cursor, message: string): void {
  note(cursor, cursor.at, message);
  end(cursor);
}

// At the end of the text every function above comes back at once, and what it misses there is not told any more.
function end(cursor: Cursor): void {
  cursor.stopped = true;
  cursor.at = cursor.text.length;
}
