import type { Attributes } from "./raw-span.ts";

/** A log record as OTLP carries it; the body is not read. */
export type RawLog = {
  readonly eventName: string;
  /** Epoch ms; 0 when the sender gave no time. */
  readonly at: number;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Attributes;
};
