/** What an OTLP `AnyValue` can hold; bytes arrive as base64 text. */
export type AttributeValue =
  string | number | boolean | null | readonly AttributeValue[] | ReadonlyMap<string, AttributeValue>;

export type Attributes = ReadonlyMap<string, AttributeValue>;

/** A span as OTLP carries it, in whatever dialect, before anything is dropped. It is never kept. */
export type RawSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  /** Name of the instrumentation scope: the surest sign of the dialect. */
  readonly scopeName: string;
  /** Epoch ms, with fractions. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly status: "unset" | "ok" | "error";
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
};

/** The attribute if it is a text with something in it. */
export function textAttribute(attributes: Attributes, key: string): string | null {
  const value = attributes.get(key);
  return typeof value === "string" && value !== "" ? value : null;
}

/** The attribute as a count: a whole number from 0. Some exporters send numbers as text. */
export function countAttribute(attributes: Attributes, key: string): number | null {
  const value = attributes.get(key);
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
