import type { CollectorView, Problem, ScoresAccepted, TraceContent, TransactionsAccepted } from "@perch/api";
import { TelemetryError } from "@perch/domain";
import { Hono } from "hono";
import { encodingOf, exportAnswer, failureAnswer } from "./answers.ts";
import { ANYONE, type Sender } from "./ingest-gate.ts";
import { admit, countFailure, type Intake } from "./intake.ts";
import { parseJsonObject } from "./json-reader.ts";
import { parseTurnBatch, type Batch } from "./parse-batch.ts";
import { parseFeedbackBatch, parseScoreBatch, type ParseScores } from "./parse-scores.ts";
import { bodyOf } from "./read-body.ts";
import { takeEscalation } from "./take-escalation.ts";
import { takeScores } from "./take-scores.ts";
import { takeTransactions } from "./take-transactions.ts";
import { takeLogs, takeTraces, type TakeOtlp } from "./take-otlp.ts";

/**
 * `POST /v1/traces`, `/v1/logs` (OTLP/HTTP), `/v1/turns`, `/v1/scores`, `/v1/feedback`, `/v1/transactions`:
 * each answers 200 only once everything is durable.
 * `POST /v1/sessions/SESSION/escalation`: a person took over that session.
 * All but turns, which come from gateways, need an ingest token where the gate asks for one.
 * `GET /v1/collector` tells what was taken in and what was not.
 */
export function createCollectorRoutes(intake: Intake): Hono {
  const routes = new Hono();
  routes.post("/v1/traces", (c) => answering(intake, c.req.raw, admitted(otlp(takeTraces, "rejectedSpans"))));
  routes.post("/v1/logs", (c) => answering(intake, c.req.raw, admitted(otlp(takeLogs, "rejectedLogRecords"))));
  routes.post("/v1/turns", (c) => answering(intake, c.req.raw, takeTurns));
  routes.post("/v1/scores", (c) => answering(intake, c.req.raw, admitted(scoresBy(parseScoreBatch))));
  routes.post("/v1/feedback", (c) => answering(intake, c.req.raw, admitted(scoresBy(parseFeedbackBatch))));
  routes.post("/v1/transactions", (c) => answering(intake, c.req.raw, admitted(transactions)));
  routes.post("/v1/sessions/:session/escalation", (c) => {
    const session = c.req.param("session");
    const take: TakeFrom = (_, request, sender) => takeEscalation(intake, { request, session, sender });
    return answering(intake, c.req.raw, admitted(take));
  });
  routes.get("/v1/traces/:trace/content", async (c) => {
    if ((intake.contentCharacters ?? 0) === 0) return c.json(NO_CONTENT, 404);
    const contents = await intake.store.contentsOf(c.req.param("trace"));
    return c.json({ contents } satisfies TraceContent);
  });
  routes.get("/v1/collector", (c) => {
    const view = { at: intake.now(), ...intake.counters, attribution: intake.attribution.view() };
    return c.json(view satisfies CollectorView);
  });
  return routes;
}

const NO_CONTENT: Problem = {
  error: {
    code: "content_not_kept",
    message: "this server keeps no content of spans, only digests",
    hint: "start it with --capture-content N to keep N characters of what goes in and comes out of each span from then on",
  },
};

type Take = (intake: Intake, request: Request) => Promise<Response>;

async function answering(intake: Intake, request: Request, take: Take): Promise<Response> {
  try {
    return await take(intake, request);
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    countFailure(intake, error);
    return failureAnswer(request, error);
  }
}

type TakeFrom = (intake: Intake, request: Request, sender: Sender) => Promise<Response>;

function admitted(take: TakeFrom): Take {
  return (intake, request) => take(intake, request, admit(intake, request.headers.get("authorization")));
}

function otlp(take: TakeOtlp, refusedField: "rejectedSpans" | "rejectedLogRecords"): TakeFrom {
  return async (intake, request, sender) => {
    const encoding = encodingOf(request, ["protobuf", "json"]);
    return await intake.bodies.read(bodyOf(request, sender), async (bytes) =>
      exportAnswer(encoding, await take(intake, bytes, encoding), refusedField),
    );
  };
}

async function takeTurns(intake: Intake, request: Request): Promise<Response> {
  encodingOf(request, ["json"]);
  return await intake.bodies.read(bodyOf(request, ANYONE), async (bytes) => {
    const batch = parseTurnBatch(parseJsonObject(bytes));
    if (batch.kind === "invalid") return refuseBatch(intake, request, batch);
    const turns = batch.items.filter((record) => record.kind !== "move" && record.kind !== "shadow");
    const moves = batch.items.filter((record) => record.kind === "move");
    const shadowTurns = batch.items.filter((record) => record.kind === "shadow");
    // Moves first: a session is assembled with whatever is known of it when its last turn has come.
    await intake.store.appendMoves(moves);
    intake.onTurns?.(turns);
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

function scoresBy(parse: ParseScores): TakeFrom {
  return async (intake, request, sender) => {
    const batch = await takeScores(intake, { request, sender, parse });
    if (batch.kind === "invalid") return refuseBatch(intake, request, batch);
    return Response.json({ accepted: batch.items.length } satisfies ScoresAccepted);
  };
}

const transactions: TakeFrom = async (intake, request, sender) => {
  const batch = await takeTransactions(intake, { request, sender });
  if (batch.kind === "invalid") return refuseBatch(intake, request, batch);
  return Response.json({ accepted: batch.items.length } satisfies TransactionsAccepted);
};

function refuseBatch(intake: Intake, request: Request, batch: Batch<unknown> & { kind: "invalid" }): Response {
  const error = new TelemetryError({
    code: "payload_malformed",
    message: `the batch has ${batch.problems.length} problems, the first is ${batch.problems[0] ?? "unknown"}`,
    hint: "correct the entries that are listed and send the whole batch again: nothing of it was stored",
  });
  countFailure(intake, error);
  return failureAnswer(request, error, batch.problems);
}
