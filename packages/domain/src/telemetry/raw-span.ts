/** What an OTLP `AnyValue` can hold; bytes arrive as base64 text. */
export type AttributeValue =
  string | number | boolean | null | readonly AttributeValue[] | ReadonlyMap<string, AttributeValue>;

export type Attributes = ReadonlyMap<string, AttributeValue>;

export type RawEvent = {
  readonly name: string;
  /** Epoch ms; 0 when the sender gave no time. */
  readonly at: number;
  readonly attributes: Attributes;
};

/** A span as OTLP carries it, in whatever dialect, before anything is dropped. It is never kept. */
export type RawSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";
  /** Name of the instrumentation scope. */
  readonly scopeName: string;
  readonly scopeVersion: string;
  /** Epoch ms, with fractions. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly status: "unset" | "ok" | "error";
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly events: readonly RawEvent[];
};

/** The attribute if it is a text with something in it. */
export function textAttribute(attributes: Attributes, key: string): string | null {
  const value = attributes.get(key);
  return typeof value === "string" && value !== "" ? value : null;
}

/** The attribute as a count: a whole number from 0. Some exporters send numbers as text. */
export function countAttribute(attributes: Attributes, key: string): number | null {
  const number = numberOf(attributes.get(key));
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** The first of these attributes that is a text with something in it. */
export function firstText(attributes: Attributes, keys: readonly string[]): string | null {
  for (const key of keys) {
    const text = textAttribute(attributes, key);
    if (text !== null) return text;
  }
  return null;
}

/** The first of these attributes that is a count, else 0. */
export function firstCount(attributes: Attributes, keys: readonly string[]): number {
  for (const key of keys) {
    const count = countAttribute(attributes, key);
    if (count !== null) return count;
  }
  return 0;
}

/** The first of these attributes that is a duration from 0, else null. */
export function firstDuration(attributes: Attributes, keys: readonly string[]): number | null {
  for (const key of keys) {
    const number = numberOf(attributes.get(key));
    if (number !== null && Number.isFinite(number) && number >= 0) return number;
  }
  return null;
}

/** The first of these attributes that holds anything, as JSON if it came in structure. Content comes in both forms. */
export function firstContent(attributes: Attributes, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = attributes.get(key);
    if (value === undefined || value === null || value === "") continue;
    return typeof value === "string" ? value : JSON.stringify(plain(value));
  }
  return null;
}

function numberOf(value: AttributeValue | undefined): number | null {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" ? number : null;
}

/** Decoders bound how deep a value may be, so this need not. */
function plain(value: AttributeValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map((item: AttributeValue) => plain(item)) : value;
}
