import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type HrTime,
  type SpanContext,
} from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { TurnRecord } from "@perch/domain";
import type { TraceContext } from "../proxy/trace-context.ts";

/** What is known of a turn that ended: its record, and what a record does not keep. */
export type TracedTurn = {
  readonly record: TurnRecord;
  readonly trace: TraceContext;
  readonly version: string;
  readonly method: string;
  /** The path as the client said it, without the query, which may hold what is nobody's business. */
  readonly path: string;
  /** The agent's place: few, where paths are many. */
  readonly route: string;
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
  readonly clientAddress: string;
};

/**
 * The span of a turn as its client sees the gateway, after OpenTelemetry's conventions for HTTP servers. The agent's span is
 * its child: the gateway told the agent this span's id.
 */
export function toSpan(turn: TracedTurn, own: Pick<ReadableSpan, "resource" | "instrumentationScope">): ReadableSpan {
  const { record, trace, method, route } = turn;
  const [startTime, duration] = [hrTimeOf(record.startedAt), hrTimeOf(record.durationMs)];
  const parent = trace.parentSpanId === null ? {} : { parentSpanContext: contextOf(trace, trace.parentSpanId, true) };
  return {
    ...own,
    ...parent,
    name: `${KNOWN_METHODS.has(method) ? method : "HTTP"} ${route}`,
    kind: SpanKind.SERVER,
    spanContext: () => contextOf(trace, trace.spanId, false),
    startTime,
    duration,
    endTime: hrTimeOf(record.startedAt + record.durationMs),
    status: { code: errorOf(record) === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: { ...httpAttributes(turn), ...perchAttributes(turn) },
    links: [],
    events: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const KNOWN_METHODS = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]);

function contextOf({ traceId }: TraceContext, spanId: string, isRemote: boolean): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote };
}

function httpAttributes({ record, method, path, route, host, userAgent, clientAddress }: TracedTurn): Attributes {
  const isKnown = KNOWN_METHODS.has(method);
  const error = errorOf(record);
  const [, address, port] = /^(.*?)(?::(\d+))?$/.exec(host ?? "") ?? [];
  return {
    "http.request.method": isKnown ? method : "_OTHER",
    ...(isKnown ? {} : { "http.request.method_original": method }),
    "http.route": route,
    "url.path": path,
    "url.scheme": "http",
    ...(address ? { "server.address": address } : {}),
    ...(port === undefined ? {} : { "server.port": Number(port) }),
    "client.address": clientAddress,
    "network.protocol.version": "1.1",
    ...(userAgent === undefined ? {} : { "user_agent.original": userAgent }),
    ...(record.status === 0 ? {} : { "http.response.status_code": record.status }),
    "http.request.body.size": record.requestBytes,
    "http.response.body.size": record.responseBytes,
    ...(error === null ? {} : { "error.type": error }),
  };
}

function perchAttributes({ record, version }: TracedTurn): Attributes {
  return {
    "perch.turn.id": record.id,
    "perch.gateway": record.gateway,
    "perch.agent": record.agent,
    "perch.release": record.release,
    "perch.version": version,
    "perch.arm": record.arm,
    "perch.session.id": record.session,
    ...(record.rollout === null ? {} : { "perch.rollout": record.rollout }),
    ...(record.step === null ? {} : { "perch.step": record.step }),
    ...(record.firstByteMs === null ? {} : { "perch.first_byte_ms": record.firstByteMs }),
    ...(record.fault === null ? {} : { "perch.fault": record.fault }),
  };
}

/** A client that hung up is no fault of the server's. */
function errorOf({ status, fault }: TurnRecord): string | null {
  if (fault !== null && fault !== "client_aborted") return fault;
  return status >= 500 ? String(status) : null;
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
