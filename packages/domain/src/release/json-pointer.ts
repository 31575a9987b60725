import { isJsonArray, type JsonValue } from "./canonical-json.ts";

/** What a local reference names: `#` or `#/` and a JSON pointer (RFC 6901). Undefined where nothing is. */
export function atPointer(root: JsonValue, reference: string): JsonValue | undefined {
  const [start, ...parts] = reference.split("/");
  if (start !== "#") return undefined;
  let value: JsonValue | undefined = root;
  for (const part of parts) {
    const name = decode(part);
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = isJsonArray(value) ? value[Number(name)] : value[name];
  }
  return value;
}

function decode(part: string): string {
  const unescaped = part.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(unescaped);
  } catch {
    // A percent sign that encodes nothing.
    return unescaped;
  }
}
