const MAX_CHARACTERS = 16_384;

/** Arguments or a result as a span has them: JSON, not longer than a span should be. */
export function contentText(content: unknown): string {
  return (jsonOf(content) ?? String(content)).slice(0, MAX_CHARACTERS);
}

function jsonOf(content: unknown): string | undefined {
  try {
    return JSON.stringify(content, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  } catch {
    // In circles: a span can do without.
    return undefined;
  }
}
