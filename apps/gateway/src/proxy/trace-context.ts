import type { Pin } from "@perch/domain";
import type { Sampler } from "../tracing/sampler.ts";

export type TraceContext = {
  readonly traceId: string;
  /** What the agent's span is a child of: the gateway's own span, or the client's where the gateway makes none. */
  readonly spanId: string;
  /** The client's span; null when the trace begins here. */
  readonly parentSpanId: string | null;
  readonly traceparent: string;
  /** The client's own trace goes on. */
  readonly isContinued: boolean;
  readonly isSampled: boolean;
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * W3C Trace Context: a valid trace goes on, anything else begins one. Without a sampler the gateway makes no spans: then
 * the client's span stays the agent's parent, and what the client decided about the trace stays decided.
 */
export function traceContextOf(
  incoming: string | string[] | undefined,
  randomHex: (bytes: number) => string,
  sampler: Sampler | null,
): TraceContext {
  const client = typeof incoming === "string" ? parseTraceparent(incoming) : null;
  if (client === null) return begin(randomHex, sampler);
  const { traceId, spanId, flags } = client;
  const wasSampled = (Number.parseInt(flags, 16) & SAMPLED) !== 0;
  const goesOn = { parentSpanId: spanId, isContinued: true };
  if (sampler === null) return { ...contextOf(client), ...goesOn, isSampled: wasSampled };
  const isSampled = sampler(traceId, wasSampled);
  const own = {
    traceId,
    spanId: randomHex(8),
    flags: isSampled === wasSampled ? flags : withSampled(flags, isSampled),
  };
  return { ...contextOf(own), ...goesOn, isSampled };
}

function parseTraceparent(text: string): Given | null {
  const [, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  // Only later versions may say more.
  return more !== undefined && text.startsWith("00") ? null : { traceId, spanId, flags };
}

function begin(randomHex: (bytes: number) => string, sampler: Sampler | null): TraceContext {
  const traceId = randomHex(16);
  const isSampled = sampler === null || sampler(traceId, null);
  const own = { traceId, spanId: randomHex(8), flags: isSampled ? "01" : "00" };
  return { ...contextOf(own), parentSpanId: null, isContinued: false, isSampled };
}

type Given = { readonly traceId: string; readonly spanId: string; readonly flags: string };

function contextOf({ traceId, spanId, flags }: Given): Pick<TraceContext, "traceId" | "spanId" | "traceparent"> {
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

function withSampled(flags: string, isSampled: boolean): string {
  const others = Number.parseInt(flags, 16) & ~SAMPLED;
  return (isSampled ? others | SAMPLED : others).toString(16).padStart(2, "0");
}

/** W3C Baggage. Our own keys, because frameworks overwrite `session.id`. */
export function baggageOf(pin: Pin): string {
  const rollout = pin.rollout === null ? "" : `,perch.rollout=${encodeURIComponent(pin.rollout)}`;
  return `perch.release=${pin.release},perch.arm=${pin.arm},perch.session.id=${encodeURIComponent(pin.session)}${rollout}`;
}
