import { ReleaseError } from "@perch/domain";

const DEEPEST = 64;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Whether JSON nests deeper than any document of a registry has reason to. Looks at brackets only, before any parsing. */
export function nestsTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) at = endOfString(json, at);
    else if (CLOSING.has(byte)) depth -= 1;
    else if (OPENING.has(byte)) depth += 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** Throws `ReleaseError` `layout_invalid`. */
export function requireShallow(json: Uint8Array, what: string): void {
  if (!nestsTooDeep(json)) return;
  throw new ReleaseError({
    code: "layout_invalid",
    message: `found ${what} that nests deeper than ${DEEPEST} levels, expected a document of the OCI specifications`,
    hint: "no tool writes such a document by accident: do not use this registry before somebody has looked at it",
  });
}

function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
