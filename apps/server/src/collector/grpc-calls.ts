import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { PassThrough } from "node:stream";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { TelemetryError } from "@perch/domain";
import { encodeExportResponse } from "./answers.ts";
import { encodeStatus, failureOf } from "./failures.ts";
import { encodeGrpcMessage, openGrpcMessage } from "./grpc-message.ts";
import { admit, countFailure, type Intake } from "./intake.ts";
import { takeLogs, takeTraces, type TakeOtlp } from "./take-otlp.ts";

/** Answers one stream of an HTTP/2 connection. Never throws. */
export type GrpcCalls = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const METHODS: ReadonlyMap<string, TakeOtlp> = new Map([
  ["/opentelemetry.proto.collector.trace.v1.TraceService/Export", takeTraces],
  ["/opentelemetry.proto.collector.logs.v1.LogsService/Export", takeLogs],
]);
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const INTERNAL = 13;
const ANSWER = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity,gzip,deflate",
} as const;
/** For the whole call: exporters give up after ten seconds. */
const MAX_CALL_MS = 60_000;

/** OTLP/gRPC: like the posts over HTTP, an OK says that the batch is durable. */
export function createGrpcCalls(intake: Intake, log: Log): GrpcCalls {
  return (stream, headers) => {
    // A sender that hangs up is told by the reading that fails.
    stream.on("error", () => undefined);
    const deadline = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), MAX_CALL_MS);
    stream.once("close", () => clearTimeout(deadline));
    answer(stream, headers, { intake, log }).catch((error: unknown) => {
      // Nobody is left to be answered: the sender went away in between.
      log.warn("could not answer a gRPC call", { reason: reasonOf(error) });
      stream.destroy();
    });
  };
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { intake, log }: { intake: Intake; log: Log },
): Promise<void> {
  if (!(headers["content-type"] ?? "").startsWith("application/grpc")) return refuseHttp(stream);
  const take = METHODS.get(headers[":path"] ?? "");
  if (take === undefined) {
    const problem = `found the method ${headers[":path"]?.slice(0, 200)}, expected Export of TraceService or LogsService`;
    return refuse(stream, { code: UNIMPLEMENTED, message: problem, details: null });
  }
  try {
    succeed(stream, encodeExportResponse(await takeCall(stream, headers, { intake, take })));
  } catch (error) {
    if (stream.aborted) return;
    if (error instanceof TelemetryError) {
      countFailure(intake, error);
      const message = `${error.message}; ${error.hint}`;
      return refuse(stream, { code: failureOf(error).rpcCode, message, details: encodeStatus(error) });
    }
    log.error("a gRPC call failed", { path: headers[":path"] ?? "", reason: reasonOf(error) });
    refuse(stream, { code: INTERNAL, message: "the server failed; its log says why", details: null });
  }
}

async function takeCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { intake, take }: { intake: Intake; take: TakeOtlp },
): Promise<readonly string[]> {
  const sender = admit(intake, headers.authorization ?? null);
  // Apart from the stream, which has to stay open for the answer when reading ends early.
  const call = new PassThrough();
  stream.once("aborted", () => call.destroy(new Error("the sender hung up")));
  try {
    const message = await openGrpcMessage(stream.pipe(call));
    const compression = message.isCompressed ? encodingIn(headers) : "identity";
    const body = { chunks: message.chunks, compression, declaredBytes: message.bytes, sender };
    return await intake.bodies.read(body, (bytes) => take(intake, bytes, "protobuf"));
  } finally {
    stream.unpipe(call);
    call.destroy();
  }
}

function encodingIn(headers: IncomingHttpHeaders): string {
  const found = headers["grpc-encoding"];
  return typeof found === "string" ? found.toLowerCase() : "of no name";
}

function succeed(stream: ServerHttp2Stream, response: Uint8Array): void {
  if (stream.destroyed || stream.closed) return;
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond(ANSWER, { waitForTrailers: true });
  stream.end(encodeGrpcMessage(response));
}

/** For now: exporters send the same again. */
export function refuseUnavailable(stream: ServerHttp2Stream, message: string): void {
  stream.on("error", () => undefined);
  refuse(stream, { code: UNAVAILABLE, message, details: null });
}

type Refusal = { readonly code: number; readonly message: string; readonly details: Uint8Array | null };

/** What is left of the call is not waited for: the stream is reset once the answer is out. */
function refuse(stream: ServerHttp2Stream, { code, message, details }: Refusal): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const status = details === null ? {} : { "grpc-status-details-bin": Buffer.from(details).toString("base64") };
  const trailers = {
    ...ANSWER,
    "grpc-status": String(code),
    "grpc-message": percentEncode(message),
    ...status,
  };
  stream.respond(trailers, { endStream: true });
  if (stream.readableEnded) return;
  stream.close(constants.NGHTTP2_NO_ERROR);
  // A stream with unread bytes never closes.
  stream.resume();
}

/** As gRPC wants it: printable ASCII stays as it is, all but the percent sign. */
function percentEncode(message: string): string {
  return message.toWellFormed().replaceAll(/[^ -$&-~]+/gu, (rest) => encodeURIComponent(rest));
}

function refuseHttp(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 415, "content-type": "text/plain" });
  stream.end(
    "found a request that is no gRPC call, expected one; OTLP over HTTP is taken at the server's other port\n",
  );
  stream.resume();
}
