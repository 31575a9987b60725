import type { AttributeValue, RawLog } from "@perch/domain";
import type { OtlpLogs } from "./otlp-message.ts";
import { decodeMessage, readFields, readKeyValueInto, readMilliseconds } from "./protobuf-reader.ts";
import { readEncoded, readEnd, readText, type WireReader } from "./wire-reader.ts";

/** `ExportLogsServiceRequest` of opentelemetry/proto/collector/logs/v1: only the records, without their bodies. */
export function decodeProtobufLogs(bytes: Uint8Array): OtlpLogs {
  const logs: RawLog[] = [];
  decodeMessage(bytes, (reader, end) => {
    const readRecord = () => logs.push(readLogRecord(reader));
    const readScopeLogs = () => readEach(reader, readEnd(reader), { 18: readRecord });
    const readResourceLogs = () => readEach(reader, readEnd(reader), { 18: readScopeLogs });
    readEach(reader, end, { 10: readResourceLogs });
  });
  return logs;
}

function readEach(reader: WireReader, end: number, readers: Readonly<Record<number, () => unknown>>): void {
  readFields(reader, end, (tag) => {
    const read = readers[tag];
    read?.();
    return read !== undefined;
  });
}

function readLogRecord(reader: WireReader): RawLog {
  const attributes = new Map<string, AttributeValue>();
  const log = { eventName: "", time: 0, observedTime: 0, traceId: "", spanId: "" };
  const readers: Readonly<Record<number, () => unknown>> = {
    9: () => (log.time = readMilliseconds(reader)),
    89: () => (log.observedTime = readMilliseconds(reader)),
    50: () => readKeyValueInto(attributes, reader),
    74: () => (log.traceId = readEncoded(reader, "hex")),
    82: () => (log.spanId = readEncoded(reader, "hex")),
    98: () => (log.eventName = readText(reader)),
  };
  readEach(reader, readEnd(reader), readers);
  return {
    eventName: log.eventName,
    at: log.time > 0 ? log.time : log.observedTime,
    traceId: log.traceId === "" ? null : log.traceId,
    spanId: log.spanId === "" ? null : log.spanId,
    attributes,
  };
}
