import type { TelemetryError, TelemetryErrorCode } from "@perch/domain";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export type Failure = {
  readonly httpStatus: number;
  /** `google.rpc.Code`, which is the status of a gRPC call. */
  readonly rpcCode: number;
  /** Null: sent again, the same would be refused again. */
  readonly retryAfterMs: number | null;
};

// OTLP senders try again on 429, 503 and UNAVAILABLE, and on RESOURCE_EXHAUSTED only when told after what time; they drop
// the batch on everything else.
const FAILURES: Readonly<Record<TelemetryErrorCode, Failure>> = {
  payload_malformed: { httpStatus: 400, rpcCode: 3, retryAfterMs: null },
  payload_too_large: { httpStatus: 413, rpcCode: 8, retryAfterMs: null },
  key_reused: { httpStatus: 422, rpcCode: 6, retryAfterMs: null },
  id_reused: { httpStatus: 409, rpcCode: 6, retryAfterMs: null },
  media_type_unsupported: { httpStatus: 415, rpcCode: 12, retryAfterMs: null },
  unauthenticated: { httpStatus: 401, rpcCode: 16, retryAfterMs: null },
  rate_limited: { httpStatus: 429, rpcCode: 8, retryAfterMs: 1000 },
  store_busy: { httpStatus: 503, rpcCode: 14, retryAfterMs: 1000 },
  store_failed: { httpStatus: 503, rpcCode: 14, retryAfterMs: 5000 },
  data_directory_in_use: { httpStatus: 503, rpcCode: 14, retryAfterMs: 5000 },
  data_directory_unusable: { httpStatus: 503, rpcCode: 14, retryAfterMs: 5000 },
  store_newer: { httpStatus: 503, rpcCode: 14, retryAfterMs: 5000 },
  store_unreachable: { httpStatus: 503, rpcCode: 14, retryAfterMs: 5000 },
};

export function failureOf(error: TelemetryError): Failure {
  const failure = FAILURES[error.code];
  return error.retryAfterMs === null ? failure : { ...failure, retryAfterMs: error.retryAfterMs };
}

/** `google.rpc.Status`, with a `RetryInfo` among its details where sending again makes sense. */
export function encodeStatus(error: TelemetryError): Uint8Array {
  const { rpcCode, retryAfterMs } = failureOf(error);
  const status = new BinaryWriter().tag(1, WireType.Varint).int32(rpcCode);
  status.tag(2, WireType.LengthDelimited).string(`${error.message}; ${error.hint}`);
  if (retryAfterMs !== null) {
    status.tag(3, WireType.LengthDelimited).fork();
    status.tag(1, WireType.LengthDelimited).string("type.googleapis.com/google.rpc.RetryInfo");
    status.tag(2, WireType.LengthDelimited).bytes(retryInfo(retryAfterMs)).join();
  }
  return status.finish();
}

function retryInfo(retryAfterMs: number): Uint8Array {
  const delay = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  delay.tag(1, WireType.Varint).int64(Math.floor(retryAfterMs / 1000));
  return delay
    .tag(2, WireType.Varint)
    .int32(Math.floor((retryAfterMs % 1000) * 1e6))
    .join()
    .finish();
}
