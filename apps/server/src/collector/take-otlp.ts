import {
  readAnnotations,
  readContent,
  readEvaluation,
  readSaid,
  readSpan,
  type EvaluationReading,
  type Score,
  type SpanContent,
} from "@perch/domain";
import type { Encoding } from "./answers.ts";
import { checkArguments } from "./check-arguments.ts";
import { checkSpans } from "./check-spans.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeJsonTraces } from "./decode-json-traces.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";
import { decodeProtobufTraces } from "./decode-protobuf-traces.ts";
import type { Intake } from "./intake.ts";
import type { CappedField } from "./name-caps.ts";

/** Clocks that are kept by NTP differ by less. */
const CLOCKS_MAY_DIFFER_MS = 10_000;

/**
 * Takes one decompressed request. Resolves once everything of it that can be kept is durable, with one sentence for each
 * span or record that cannot. Throws `TelemetryError`.
 */
export type TakeOtlp = (intake: Intake, bytes: Uint8Array, encoding: Encoding) => Promise<readonly string[]>;

export const takeTraces: TakeOtlp = async (intake, bytes, encoding) => {
  const { counters } = intake;
  const { spans, contents, annotations, refused, counted } = readTraces(intake, bytes, encoding);
  await Promise.all([intake.store.appendSpans(spans), keepContents(intake, contents)]);
  if (annotations.scores.length > 0) await intake.store.appendScores(annotations.scores);
  intake.assembler.noteSpans(spans);
  counters.spansKept += spans.length;
  counters.spansUnknown += counted.unknown;
  counters.spansRefused += refused.length;
  counters.spansOddlyTimed += counted.oddlyTimed;
  const latest = intake.now() + CLOCKS_MAY_DIFFER_MS;
  counters.spansAhead += spans.filter(({ startedAt }) => startedAt > latest).length;
  counters.scores += annotations.scores.length;
  counters.evaluationsRefused += annotations.refused.length;
  for (const field of counted.overflowed) counters.namesOverflowed[field] += 1;
  return refused;
};

/**
 * What is kept of a request, and what is counted of it. In a function of its own: the request as it was decoded is many times as
 * large, and would live, and be moved about by the collector of garbage, as long as the spans are being stored.
 */
function readTraces(intake: Intake, bytes: Uint8Array, encoding: Encoding) {
  const { sentiment, checksOf, contentCharacters = 0 } = intake;
  const {
    spans: raws,
    refused,
    oddlyTimed,
  } = checkSpans(encoding === "json" ? decodeJsonTraces(bytes) : decodeProtobufTraces(bytes));
  const read = raws.flatMap((raw) => {
    const spans = readSpan(raw, sentiment);
    return checksOf === undefined ? spans : spans.map((span) => checkArguments(raw, span, checksOf));
  });
  const overflowed: CappedField[] = [];
  const spans = intake.names.cap(read, (field) => overflowed.push(field));
  const annotations = sortReadings(raws.flatMap((raw) => [...readAnnotations(raw), ...readSaid(raw)]));
  const contents = contentCharacters === 0 ? [] : raws.flatMap((raw) => readContent(raw, contentCharacters) ?? []);
  intake.onRawSpans?.(raws);
  const unknown = spans.filter((span) => span.dialect === null).length;
  return { spans, contents, annotations, refused, counted: { unknown, oddlyTimed, overflowed } };
}

/** Nothing, unless somebody asked for it when the server was started. */
async function keepContents({ store, counters }: Intake, contents: readonly SpanContent[]): Promise<void> {
  if (contents.length === 0) return;
  await store.appendContents(contents);
  counters.contentsKept += contents.length;
}

export const takeLogs: TakeOtlp = async (intake, bytes, encoding) => {
  const { counters } = intake;
  const logs = encoding === "json" ? decodeJsonLogs(bytes) : decodeProtobufLogs(bytes);
  const readings = logs.map((log) => readEvaluation(log, intake.now()));
  const { scores, refused } = sortReadings(readings);
  await intake.store.appendScores(scores);
  counters.scores += scores.length;
  counters.evaluationsRefused += refused.length;
  counters.logsIgnored += readings.length - scores.length - refused.length;
  return refused;
};

function sortReadings(readings: readonly EvaluationReading[]): {
  scores: readonly Score[];
  refused: readonly string[];
} {
  return {
    scores: readings.flatMap((reading) => (reading.kind === "score" ? [reading.score] : [])),
    refused: readings.flatMap((reading) => (reading.kind === "refused" ? [reading.because] : [])),
  };
}
