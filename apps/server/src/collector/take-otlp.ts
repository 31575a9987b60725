import {
  readAnnotations,
  readContent,
  readEvaluation,
  readSaid,
  readSpan,
  readTransaction,
  type EvaluationReading,
  type RawSpan,
  type SaidTransaction,
  type Score,
  type Span,
  type SpanContent,
} from "@perch/domain";
import type { Encoding } from "./answers.ts";
import { checkArguments } from "./check-arguments.ts";
import { checkSpans } from "./check-spans.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeJsonTraces } from "./decode-json-traces.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";
import { decodeProtobufParts } from "./decode-protobuf-traces.ts";
import type { Intake } from "./intake.ts";
import { keepTransactions } from "./keep-transactions.ts";
import type { CappedField } from "./name-caps.ts";
import type { OtlpScopeSpans } from "./otlp-message.ts";

/** Clocks that are kept by NTP differ by less. */
const CLOCKS_MAY_DIFFER_MS = 10_000;

/**
 * Takes one decompressed request. Resolves once everything of it that can be kept is durable, with one sentence for each
 * span or record that cannot. Throws `TelemetryError`.
 */
export type TakeOtlp = (intake: Intake, bytes: Uint8Array, encoding: Encoding) => Promise<readonly string[]>;

export const takeTraces: TakeOtlp = async (intake, bytes, encoding) => {
  const { counters, store } = intake;
  const scopes = encoding === "json" ? decodeJsonTraces(bytes) : decodeProtobufParts(bytes);
  const { stored, heard, counted, scores, said, refused } = keep(intake, await readTraces(intake, scopes));
  await stored;
  if (scores.length > 0) await store.appendScores(scores);
  const unkept = await keepTransactions(intake, said);
  intake.assembler.noteSpans(heard);
  counters.spansKept += counted.kept;
  counters.spansUnknown += counted.unknown;
  counters.spansRefused += refused.length;
  counters.spansOddlyTimed += counted.oddlyTimed;
  counters.spansAhead += counted.ahead;
  counters.scores += scores.length;
  counters.evaluationsRefused += counted.evaluationsRefused;
  counters.transactionsRefused += counted.transactionsRefused + unkept;
  for (const field of counted.overflowed) counters.namesOverflowed[field] += 1;
  return refused;
};

/**
 * Begins to store what was taken, and gives what is needed once it is. The spans themselves are not: many requests wait for the
 * same insert, and what they held on to the collector of garbage would move about.
 */
function keep(intake: Intake, { spans, contents, scores, said, refused, ...counts }: Taken) {
  const latest = intake.now() + CLOCKS_MAY_DIFFER_MS;
  const counted = {
    kept: spans.length,
    unknown: spans.filter((span) => span.dialect === null).length,
    ahead: spans.filter(({ startedAt }) => startedAt > latest).length,
    ...counts,
  };
  const stored = Promise.all([intake.store.appendSpans(spans), keepContents(intake, contents)]);
  return { stored, heard: oneOfEachTrace(spans), counted, scores, said, refused };
}

/** Of each trace, and of what its spans say of their session, one. */
function oneOfEachTrace(spans: readonly Span[]): readonly Span[] {
  const found = new Map<string, Span>();
  for (const span of spans) {
    const { session, arm } = span.attribution;
    found.set(session === null ? span.traceId : `${span.traceId} ${arm ?? ""} ${session}`, span);
  }
  return [...found.values()];
}

/** What is kept of a request, and what is to be counted once it is. */
type Taken = {
  readonly spans: Span[];
  readonly contents: SpanContent[];
  readonly scores: Score[];
  /** Of transactions. */
  readonly said: SaidTransaction[];
  readonly overflowed: CappedField[];
  readonly refused: string[];
  evaluationsRefused: number;
  transactionsRefused: number;
  oddlyTimed: number;
};

/** Takes some 3 ms. */
const SPANS_A_TURN = 256;

/** Reads a bit of it in each turn, since nothing else happens in this process meanwhile; and keeps nothing of what it was decoded from. */
async function readTraces(intake: Intake, scopes: Iterable<OtlpScopeSpans>): Promise<Taken> {
  const taken: Taken = {
    spans: [],
    contents: [],
    scores: [],
    said: [],
    overflowed: [],
    refused: [],
    evaluationsRefused: 0,
    transactionsRefused: 0,
    oddlyTimed: 0,
  };
  const rest = scopes[Symbol.iterator]();
  do await intake.turn();
  while (readSome(intake, rest, taken));
  return taken;
}

/** Whether there may be more. A function of its own, so that what it decoded is gone when others have their turn. */
function readSome(intake: Intake, scopes: Iterator<OtlpScopeSpans>, taken: Taken): boolean {
  const enough = taken.spans.length + taken.refused.length + SPANS_A_TURN;
  while (taken.spans.length + taken.refused.length < enough) {
    const { value, done } = scopes.next();
    if (done === true) return false;
    readScope(intake, value, taken);
  }
  return true;
}

function readScope(intake: Intake, scope: OtlpScopeSpans, taken: Taken): void {
  const { sentiment, checksOf, contentCharacters = 0 } = intake;
  const { spans: raws, refused, oddlyTimed } = checkSpans([scope]);
  const read = raws.flatMap((raw) => {
    const spans = readSpan(raw, sentiment);
    noteTransaction(raw, spans, taken);
    return checksOf === undefined ? spans : spans.map((span) => checkArguments(raw, span, checksOf));
  });
  addAll(
    taken.spans,
    intake.names.cap(read, (field) => taken.overflowed.push(field)),
  );
  const said = sortReadings(raws.flatMap((raw) => [...readAnnotations(raw), ...readSaid(raw)]));
  addAll(taken.scores, said.scores);
  taken.evaluationsRefused += said.refused.length;
  if (contentCharacters > 0) {
    const contents = raws.flatMap((raw) => readContent(raw, contentCharacters) ?? []);
    addAll(taken.contents, contents);
  }
  addAll(taken.refused, refused);
  taken.oddlyTimed += oddlyTimed;
  intake.onRawSpans?.(raws);
}

function noteTransaction(raw: RawSpan, spans: readonly Span[], taken: Taken): void {
  const reading = readTransaction(raw, () => spans.find(({ tool }) => tool !== null)?.tool?.name ?? null);
  if (reading?.kind === "said") taken.said.push(reading.said);
  if (reading?.kind === "refused") taken.transactionsRefused += 1;
}

/** One by one: a scope may hold more than the arguments that a call can have. */
function addAll<Item>(list: Item[], more: readonly Item[]): void {
  for (const item of more) list.push(item);
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
