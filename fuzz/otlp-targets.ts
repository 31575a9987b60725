import { buffer } from "node:stream/consumers";
import { readEvaluation, readSpan } from "@perch/domain";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { aTraceRequest } from "../apps/server/src/collector/__fixtures__/trace-request.ts";
import { checkSpans } from "../apps/server/src/collector/check-spans.ts";
import { decodeJsonLogs } from "../apps/server/src/collector/decode-json-logs.ts";
import { decodeJsonTraces } from "../apps/server/src/collector/decode-json-traces.ts";
import { decodeProtobufLogs } from "../apps/server/src/collector/decode-protobuf-logs.ts";
import { decodeProtobufTraces } from "../apps/server/src/collector/decode-protobuf-traces.ts";
import { encodeGrpcMessage, openGrpcMessage } from "../apps/server/src/collector/grpc-message.ts";
import type { OtlpLogs, OtlpTraces } from "../apps/server/src/collector/otlp-message.ts";
import { parseIngestTokens } from "../apps/server/src/collector/ingest-tokens.ts";
import type { FuzzTarget } from "./targets.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const ATTRIBUTES = {
  "perch.session.id": { stringValue: "session-1" },
  "gen_ai.operation.name": { stringValue: "execute_tool" },
  "gen_ai.tool.name": { stringValue: "refund" },
  "gen_ai.usage.input_tokens": { intValue: "12" },
  "gen_ai.evaluation.name": { stringValue: "reward" },
  "gen_ai.evaluation.score.value": { doubleValue: 0.5 },
  list: { arrayValue: { values: [{ boolValue: true }, { kvlistValue: { values: [] } }] } },
};
const attributes = Object.entries(ATTRIBUTES).map(([key, value]) => ({ key, value }));
const traces = aTraceRequest({ traceId: TRACE_ID }, { traceId: TRACE_ID, spanId: "00f067aa0ba902b7", padding: 20 });

/** What the collector is sent: both encodings of traces and logs, gRPC's framing, and its file of tokens. */
export const OTLP_TARGETS: readonly FuzzTarget[] = [
  { name: "otlp-traces-protobuf", seeds: [traces], read: (input) => readTraces(input, decodeProtobufTraces(input)) },
  { name: "otlp-traces-json", seeds: [jsonTraces()], read: (input) => readTraces(input, decodeJsonTraces(input)) },
  { name: "otlp-logs-protobuf", seeds: [protobufLogs()], read: (input) => readLogs(input, decodeProtobufLogs(input)) },
  { name: "otlp-logs-json", seeds: [jsonLogs()], read: (input) => readLogs(input, decodeJsonLogs(input)) },
  { name: "grpc-message", seeds: [encodeGrpcMessage(traces), encodeGrpcMessage(new Uint8Array())], read: readFrame },
  {
    name: "ingest-tokens",
    seeds: [Buffer.from(`tokens:\n- name: a\n  sha256: ${"0f".repeat(32)}\n  requestsPerSecond: 5\n`)],
    read: (input) => Buffer.from(JSON.stringify({ tokens: parseIngestTokens(input.toString(), "it") })),
  },
];

/** Nothing writes OTLP back, so what was read stands for itself. */
function readTraces(input: Buffer, decoded: OtlpTraces): Uint8Array | null {
  const { spans } = checkSpans(decoded);
  for (const span of spans) readSpan(span, { scoreOf: () => 0 });
  return spans.length > 0 ? input : null;
}

function readLogs(input: Buffer, decoded: OtlpLogs): Uint8Array | null {
  const scores = decoded.filter((log) => readEvaluation(log, 0).kind === "score");
  return scores.length > 0 ? input : null;
}

/** In pieces, as a network delivers it. */
async function readFrame(input: Buffer): Promise<Uint8Array | null> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < input.length; at += 7) yield input.subarray(at, at + 7);
  }
  const { isCompressed, chunks } = await openGrpcMessage(pieces());
  const message = await buffer(chunks);
  return isCompressed ? null : encodeGrpcMessage(message);
}

function jsonTraces(): Buffer {
  const span = {
    traceId: TRACE_ID,
    spanId: "b7ad6b7169203331",
    parentSpanId: "00f067aa0ba902b7",
    name: "execute_tool refund",
    startTimeUnixNano: "1795403790892000000",
    endTimeUnixNano: 1_795_403_790_893_000_000,
    status: { code: 2, message: "refused" },
    attributes,
    events: [{ name: "exception", attributes }],
  };
  const scopeSpans = [{ scope: { name: "gen_ai" }, spans: [span] }];
  return Buffer.from(JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] }));
}

function jsonLogs(): Buffer {
  const record = { eventName: "gen_ai.evaluation.result", timeUnixNano: "7000000", traceId: TRACE_ID, attributes };
  return Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));
}

function protobufLogs(): Uint8Array {
  const log = new BinaryWriter();
  for (const open of [1, 2, 2]) log.tag(open, WireType.LengthDelimited).fork();
  log.tag(1, WireType.Bit64).fixed64(7_000_000n);
  log.tag(9, WireType.LengthDelimited).bytes(Buffer.from(TRACE_ID, "hex"));
  log.tag(12, WireType.LengthDelimited).string("gen_ai.evaluation.result");
  for (const [key, text] of [
    ["perch.session.id", "session-1"],
    ["gen_ai.evaluation.name", "reward"],
  ] as const) {
    log.tag(6, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(key);
    log.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(text).join().join();
  }
  log.tag(6, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string("gen_ai.evaluation.score.value");
  log.tag(2, WireType.LengthDelimited).fork().tag(4, WireType.Bit64).double(0.5).join().join();
  return log.join().join().join().finish();
}
