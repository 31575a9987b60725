import type { Pin } from "@perch/domain";

export type TraceContext = {
  readonly traceId: string;
  readonly traceparent: string;
  /** The client's own trace goes on. */
  readonly isContinued: boolean;
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;

/** W3C Trace Context: a valid trace goes on under a span of our own, anything else begins a sampled one. */
export function traceContextOf(
  incoming: string | string[] | undefined,
  randomHex: (bytes: number) => string,
): TraceContext {
  const match = typeof incoming === "string" ? TRACEPARENT.exec(incoming) : null;
  const version00IsWhole = match === null || match[3] === undefined || !String(incoming).startsWith("00");
  const [, traceId, flags] = version00IsWhole ? (match ?? []) : [];
  if (traceId !== undefined && flags !== undefined) {
    return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${flags}`, isContinued: true };
  }
  const fresh = randomHex(16);
  return { traceId: fresh, traceparent: `00-${fresh}-${randomHex(8)}-01`, isContinued: false };
}

/** W3C Baggage. Our own keys, because frameworks overwrite `session.id`. */
export function baggageOf(pin: Pin): string {
  const rollout = pin.rollout === null ? "" : `,perch.rollout=${encodeURIComponent(pin.rollout)}`;
  return `perch.release=${pin.release},perch.arm=${pin.arm},perch.session.id=${encodeURIComponent(pin.session)}${rollout}`;
}
