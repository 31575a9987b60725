import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { AdminPages } from "../admin/admin-pages.ts";
import { fieldOf } from "../http1/fields.ts";
import type { Mirror, MirroredTurn } from "../mirror/create-mirror.ts";
import { sendOwn, sendProblem, type Refusal } from "../problem.ts";
import { placeRequest, type PlaceRequestDeps } from "../session/place-request.ts";
import { createEarlyOpening, OpeningFailed } from "../websocket/early-opening.ts";
import { assignmentOf } from "./assignment-record.ts";
import type { ClientTurn } from "./client-turn.ts";
import { linesOf } from "./headers.ts";
import { requestHeadOf } from "./request-head.ts";
import { forward, type ForwardDeps } from "./forward.ts";
import { traceContextOf } from "./trace-context.ts";

export type HandleRequestDeps = ForwardDeps &
  PlaceRequestDeps & {
    readonly randomHex: (bytes: number) => string;
    readonly admin: AdminPages;
    readonly mirror: Pick<Mirror, "begin">;
  };

/** A whole request: whose it is, which release its session belongs to, and the way there and back. */
export function createRequestHandler(deps: HandleRequestDeps): (turn: ClientTurn) => void {
  return (turn) => {
    const page = deps.admin(turn.request, turn.remoteAddress);
    const handled = page === null ? handle(turn, deps) : page.then((answer) => sendOwn(turn, answer));
    handled.catch((error: unknown) => giveUp(turn, error, deps.log));
  };
}

async function handle(turn: ClientTurn, deps: HandleRequestDeps): Promise<void> {
  const [startedAt, startedTick] = [deps.now(), deps.tick()];
  const { request, body } = turn;
  const opening = request.isWebSocket ? createEarlyOpening(turn) : null;
  const peekFrame = opening === null ? null : () => opening.peek();
  const place = await placeRequest({ head: requestHeadOf(request), peekBody: () => body.peek(), peekFrame }, deps);
  if (turn.isGone) return;
  if (place.kind === "refused") {
    sendProblem(turn, place.refusal);
    return;
  }
  const { pin, route, release, learner, needsPlainAnswer, isOutsideSessions } = place;
  const trace = traceContextOf(fieldOf(request.fields, "traceparent"), deps.randomHex);
  if (place.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const path = `${place.agentPath}${request.query}`;
  const ownLines = linesOf(place.ownHeaders);
  const opened = opening?.opened() ?? null;
  const isMirrored = pin.shadow !== null && !isOutsideSessions;
  const mirrored = isMirrored ? deps.mirror.begin({ turn, pin, trace, startedAt, agentPath: place.agentPath }) : null;
  const tap = mirrored === null ? learner : mirrored.tap(learner);
  forward(
    {
      turn,
      pin,
      isOutsideSessions,
      release,
      path,
      pathPrefix: route.pathPrefix,
      trace,
      ownLines,
      tap,
      needsPlainAnswer,
      opened,
      startedAt,
      startedTick,
    },
    mirrored === null ? deps : { ...deps, record: telling(mirrored, deps.record) },
  );
}

/** One that tells the mirror too when the user's turn is over. */
function telling(mirrored: MirroredTurn, record: ForwardDeps["record"]): ForwardDeps["record"] {
  return (turn, onKept) => {
    mirrored.userEnded();
    record(turn, onKept);
  };
}

function giveUp(turn: ClientTurn, error: unknown, log: Log): void {
  if (turn.isGone) return;
  if (error instanceof OpeningFailed) {
    sendProblem(turn, error.refusal);
    return;
  }
  log.error("a request failed inside the gateway", { reason: reasonOf(error) });
  if (turn.hasBegun) turn.cut();
  else sendProblem(turn, internalError(error));
}

function internalError(error: unknown): Refusal {
  return {
    status: 500,
    code: "internal",
    message: `the gateway could not handle this request: ${reasonOf(error)}`,
    hint: "see the gateway's log",
  };
}
