import {
  readEvaluation,
  readSpan,
  TelemetryError,
  type SentimentScorer,
  type ShadowTurn,
  type TraceStore,
} from "@perch/domain";
import { Hono } from "hono";
import type { Assembler } from "../sessions/assembler.ts";
import { encodingOf, exportAnswer, failureAnswer } from "./answers.ts";
import { checkSpans } from "./check-spans.ts";
import { createCollectorCounters, type CollectorCounters } from "./counters.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeJsonTraces } from "./decode-json-traces.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";
import { decodeProtobufTraces } from "./decode-protobuf-traces.ts";
import { parseJsonObject } from "./json-reader.ts";
import { parseScoreBatch, parseTurnBatch, type Batch } from "./parse-batch.ts";
import { createBodyReader, type BodyReader } from "./read-body.ts";

export type CollectorDeps = {
  readonly store: Pick<
    TraceStore,
    "appendSpans" | "appendTurns" | "appendMoves" | "appendShadowTurns" | "appendScores"
  >;
  readonly assembler: Pick<Assembler, "noteTurns" | "noteSpans">;
  readonly onShadowTurns: (turns: readonly ShadowTurn[]) => void;
  readonly sentiment: SentimentScorer;
  readonly now: () => number;
  /** Largest body after decompression; 64 MB unless said. */
  readonly maxBodyBytes?: number;
};

type Intake = CollectorDeps & { readonly bodies: BodyReader; readonly counters: CollectorCounters };

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * `POST /v1/traces`, `/v1/logs` (OTLP/HTTP), `/v1/turns`, `/v1/scores`: each answers 200 only once everything is durable.
 * `GET /v1/collector` tells what was taken in and what was not.
 */
export function createCollectorRoutes(deps: CollectorDeps): Hono {
  const maxBytes = deps.maxBodyBytes ?? MAX_BODY_BYTES;
  const counters = createCollectorCounters();
  const intake: Intake = { ...deps, counters, bodies: createBodyReader({ maxBytes, maxBytesAtOnce: 4 * maxBytes }) };
  const routes = new Hono();
  routes.post("/v1/traces", (c) => answering(intake, c.req.raw, takeTraces));
  routes.post("/v1/logs", (c) => answering(intake, c.req.raw, takeLogs));
  routes.post("/v1/turns", (c) => answering(intake, c.req.raw, takeTurns));
  routes.post("/v1/scores", (c) => answering(intake, c.req.raw, takeScores));
  routes.get("/v1/collector", (c) => c.json(counters));
  return routes;
}

async function answering(
  intake: Intake,
  request: Request,
  take: (intake: Intake, request: Request) => Promise<Response>,
): Promise<Response> {
  try {
    return await take(intake, request);
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    count(intake, error);
    return failureAnswer(request, error);
  }
}

async function takeTraces(intake: Intake, request: Request): Promise<Response> {
  const encoding = encodingOf(request, ["protobuf", "json"]);
  const { counters } = intake;
  return await intake.bodies.read(request, async (bytes) => {
    const checked = checkSpans(encoding === "json" ? decodeJsonTraces(bytes) : decodeProtobufTraces(bytes));
    const spans = checked.spans.flatMap((raw) => readSpan(raw, intake.sentiment));
    await intake.store.appendSpans(spans);
    intake.assembler.noteSpans(spans);
    counters.spansKept += spans.length;
    counters.spansUnknown += spans.filter((span) => span.dialect === null).length;
    counters.spansRefused += checked.refused.length;
    counters.spansOddlyTimed += checked.oddlyTimed;
    return exportAnswer(encoding, checked.refused, "rejectedSpans");
  });
}

async function takeLogs(intake: Intake, request: Request): Promise<Response> {
  const encoding = encodingOf(request, ["protobuf", "json"]);
  const { counters } = intake;
  return await intake.bodies.read(request, async (bytes) => {
    const logs = encoding === "json" ? decodeJsonLogs(bytes) : decodeProtobufLogs(bytes);
    const readings = logs.map((log) => readEvaluation(log, intake.now()));
    const scores = readings.flatMap((reading) => (reading.kind === "score" ? [reading.score] : []));
    const refused = readings.flatMap((reading) => (reading.kind === "refused" ? [reading.because] : []));
    await intake.store.appendScores(scores);
    counters.scores += scores.length;
    counters.evaluationsRefused += refused.length;
    counters.logsIgnored += readings.length - scores.length - refused.length;
    return exportAnswer(encoding, refused, "rejectedLogRecords");
  });
}

async function takeTurns(intake: Intake, request: Request): Promise<Response> {
  encodingOf(request, ["json"]);
  return await intake.bodies.read(request, async (bytes) => {
    const batch = parseTurnBatch(parseJsonObject(bytes));
    if (batch.kind === "invalid") return refuseBatch(intake, request, batch);
    const turns = batch.items.filter((record) => record.kind !== "move" && record.kind !== "shadow");
    const moves = batch.items.filter((record) => record.kind === "move");
    const shadowTurns = batch.items.filter((record) => record.kind === "shadow");
    // Moves first: a session is assembled with whatever is known of it when its last turn has come.
    await intake.store.appendMoves(moves);
    await intake.store.appendTurns(turns);
    if (shadowTurns.length > 0) await intake.store.appendShadowTurns(shadowTurns);
    intake.assembler.noteTurns(turns);
    intake.onShadowTurns(shadowTurns);
    intake.counters.turns += turns.length;
    intake.counters.moves += moves.length;
    intake.counters.shadowTurns += shadowTurns.length;
    return Response.json({ accepted: batch.items.length });
  });
}

async function takeScores(intake: Intake, request: Request): Promise<Response> {
  encodingOf(request, ["json"]);
  return await intake.bodies.read(request, async (bytes) => {
    const batch = parseScoreBatch(parseJsonObject(bytes), intake.now());
    if (batch.kind === "invalid") return refuseBatch(intake, request, batch);
    await intake.store.appendScores(batch.items);
    intake.counters.scores += batch.items.length;
    return Response.json({ accepted: batch.items.length });
  });
}

function refuseBatch(intake: Intake, request: Request, batch: Batch<unknown> & { kind: "invalid" }): Response {
  const error = new TelemetryError({
    code: "payload_malformed",
    message: `the batch has ${batch.problems.length} problems, the first is ${batch.problems[0] ?? "unknown"}`,
    hint: "correct the entries that are listed and send the whole batch again: nothing of it was stored",
  });
  count(intake, error);
  return failureAnswer(request, error, batch.problems);
}

function count({ counters }: Intake, error: TelemetryError): void {
  counters.failures[error.code] = (counters.failures[error.code] ?? 0) + 1;
}
