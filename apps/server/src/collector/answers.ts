import { TelemetryError, type TelemetryErrorCode } from "@perch/domain";
import type { Problem } from "@perch/api";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export type Encoding = "protobuf" | "json";

const PROTOBUF = "application/x-protobuf";

/** Throws `TelemetryError` `media_type_unsupported`. */
export function encodingOf(request: Request, accepted: readonly Encoding[]): Encoding {
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const found = mediaType === PROTOBUF ? "protobuf" : mediaType === "application/json" ? "json" : null;
  if (found !== null && accepted.includes(found)) return found;
  const expected = accepted.map((encoding) => (encoding === "json" ? "application/json" : PROTOBUF)).join(" or ");
  throw new TelemetryError({
    code: "media_type_unsupported",
    message: `found content-type "${mediaType}", expected ${expected}`,
    hint: `send ${expected}`,
  });
}

/** `ExportTraceServiceResponse` and `ExportLogsServiceResponse` have the same shape but for one field's name. */
export function exportAnswer(
  encoding: Encoding,
  refused: readonly string[],
  refusedField: "rejectedSpans" | "rejectedLogRecords",
): Response {
  const errorMessage = [...new Set(refused)].slice(0, 5).join("; ");
  if (encoding === "json") {
    const partialSuccess = { [refusedField]: String(refused.length), errorMessage };
    return Response.json(refused.length === 0 ? {} : { partialSuccess });
  }
  const writer = new BinaryWriter();
  if (refused.length > 0) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(refused.length).tag(2, WireType.LengthDelimited).string(errorMessage).join();
  }
  return new Response(writer.finish(), { headers: { "content-type": PROTOBUF } });
}

type Failure = { readonly status: number; readonly rpcCode: number; readonly retryAfterSeconds: number | null };

// rpcCode: google.rpc.Code. OTLP senders try again on 503 and drop the batch on every other one of these.
const FAILURES: Readonly<Record<TelemetryErrorCode, Failure>> = {
  payload_malformed: { status: 400, rpcCode: 3, retryAfterSeconds: null },
  payload_too_large: { status: 413, rpcCode: 8, retryAfterSeconds: null },
  media_type_unsupported: { status: 415, rpcCode: 3, retryAfterSeconds: null },
  store_busy: { status: 503, rpcCode: 14, retryAfterSeconds: 1 },
  store_failed: { status: 503, rpcCode: 14, retryAfterSeconds: 5 },
  data_directory_in_use: { status: 503, rpcCode: 14, retryAfterSeconds: 5 },
  data_directory_unusable: { status: 503, rpcCode: 14, retryAfterSeconds: 5 },
  store_newer: { status: 503, rpcCode: 14, retryAfterSeconds: 5 },
};

/** In the encoding of the request, as OTLP asks: `google.rpc.Status` in protobuf, Perch's problem in JSON. */
export function failureAnswer(request: Request, error: TelemetryError, problems: readonly string[] = []): Response {
  const { status, rpcCode, retryAfterSeconds } = FAILURES[error.code];
  const headers = new Headers(retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) });
  if ((request.headers.get("content-type") ?? "").startsWith(PROTOBUF)) {
    headers.set("content-type", PROTOBUF);
    const writer = new BinaryWriter().tag(1, WireType.Varint).int32(rpcCode);
    const body = writer.tag(2, WireType.LengthDelimited).string(`${error.message}; ${error.hint}`).finish();
    return new Response(body, { status, headers });
  }
  const listed = problems.length === 0 ? {} : { problems: problems.map((message) => ({ message })) };
  const problem: Problem = { error: { code: error.code, message: error.message, hint: error.hint, ...listed } };
  return Response.json(problem, { status, headers });
}
