import { TelemetryError } from "@perch/domain";
import type { Problem } from "@perch/api";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeStatus, failureOf } from "./failures.ts";

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
  if (encoding === "json") {
    const partialSuccess = { [refusedField]: String(refused.length), errorMessage: errorMessageOf(refused) };
    return Response.json(refused.length === 0 ? {} : { partialSuccess });
  }
  return new Response(new Uint8Array(encodeExportResponse(refused)), { headers: { "content-type": PROTOBUF } });
}

/** In protobuf the two responses do not differ at all. Empty when nothing was refused. */
export function encodeExportResponse(refused: readonly string[]): Uint8Array {
  const writer = new BinaryWriter();
  if (refused.length > 0) {
    writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(refused.length);
    writer.tag(2, WireType.LengthDelimited).string(errorMessageOf(refused)).join();
  }
  return writer.finish();
}

function errorMessageOf(refused: readonly string[]): string {
  return [...new Set(refused)].slice(0, 5).join("; ");
}

/** In the encoding of the request, as OTLP asks: `google.rpc.Status` in protobuf, Perch's problem in JSON. */
export function failureAnswer(request: Request, error: TelemetryError, problems: readonly string[] = []): Response {
  const { httpStatus: status, retryAfterMs } = failureOf(error);
  const headers = new Headers(retryAfterMs === null ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) });
  if (status === 401) headers.set("www-authenticate", "Bearer");
  if ((request.headers.get("content-type") ?? "").startsWith(PROTOBUF)) {
    headers.set("content-type", PROTOBUF);
    return new Response(new Uint8Array(encodeStatus(error)), { status, headers });
  }
  const listed = problems.length === 0 ? {} : { problems: problems.map((message) => ({ message })) };
  const problem: Problem = { error: { code: error.code, message: error.message, hint: error.hint, ...listed } };
  return Response.json(problem, { status, headers });
}
