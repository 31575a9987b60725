export type JsonRecord = Readonly<Record<string, unknown>>;

// A payload of 64 KB takes about half a millisecond; larger ones are documents, and what is looked for is not in them.
const MAX_CHARACTERS = 64 * 1024;

/**
 * The JSON in an attribute. Undefined for what is no JSON (exporters cut long attributes in the middle), and for what is
 * larger than spans are worth.
 */
export function readSmallJson(text: string | null, maxCharacters = MAX_CHARACTERS): unknown {
  if (text === null || text.length > maxCharacters || !/^\s*["[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of what may be an object; undefined when it is none. */
export function memberOf(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
