import type { RawLog } from "@perch/domain";
import { attributesIn, millisecondsIn, objectsIn, parseJsonObject, textIn, type JsonObject } from "./json-reader.ts";
import type { OtlpLogs } from "./otlp-message.ts";

/** `ExportLogsServiceRequest` in OTLP/JSON: only the records, without their bodies. */
export function decodeJsonLogs(bytes: Uint8Array): OtlpLogs {
  return objectsIn(parseJsonObject(bytes), "resourceLogs")
    .flatMap((resourceLogs) => objectsIn(resourceLogs, "scopeLogs"))
    .flatMap((scopeLogs) => objectsIn(scopeLogs, "logRecords"))
    .map(readLogRecord);
}

function readLogRecord(record: JsonObject): RawLog {
  const time = millisecondsIn(record, "timeUnixNano");
  const observedTime = millisecondsIn(record, "observedTimeUnixNano");
  const traceId = textIn(record, "traceId").toLowerCase();
  const spanId = textIn(record, "spanId").toLowerCase();
  return {
    eventName: textIn(record, "eventName"),
    at: time > 0 ? time : observedTime,
    traceId: traceId === "" ? null : traceId,
    spanId: spanId === "" ? null : spanId,
    attributes: attributesIn(record),
  };
}
