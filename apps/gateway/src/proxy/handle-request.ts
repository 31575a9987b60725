import { reasonOf } from "@perch/adapters/json-log";
import type { AdminPages } from "../admin/admin-pages.ts";
import { fieldOf } from "../http1/fields.ts";
import type { Mirror, ToMirror } from "../mirror/create-mirror.ts";
import { sendOwn, sendProblem, type Refusal } from "../problem.ts";
import { endStay } from "../moves/under-way.ts";
import { placeRequest, type PlaceRequestDeps, type Placement } from "../session/place-request.ts";
import { createEarlyOpening, OpeningFailed } from "../websocket/early-opening.ts";
import { assignmentOf } from "./assignment-record.ts";
import type { ClientTurn } from "./client-turn.ts";
import { linesOf } from "./headers.ts";
import { requestHeadOf } from "./request-head.ts";
import { forward, type ForwardDeps } from "./forward.ts";
import type { ResponseTap } from "./response-tap.ts";
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
    handled.catch((error: unknown) => giveUp(turn, error, deps));
  };
}

async function handle(turn: ClientTurn, deps: HandleRequestDeps): Promise<void> {
  const [startedAt, startedTick] = [deps.now(), deps.tick()];
  const { request, body } = turn;
  const opening = request.isWebSocket ? createEarlyOpening(turn) : null;
  const peekFrame = opening === null ? null : () => opening.peek();
  const place = await placeRequest({ head: requestHeadOf(request), peekBody: () => body.peek(), peekFrame }, deps);
  if (turn.isGone) {
    if (place.kind === "placed") endStay(place.stay);
    return;
  }
  if (place.kind === "refused") {
    deps.meter.refused(place.refusal.code);
    sendProblem(turn, place.refusal);
    return;
  }
  const { pin, route, release, needsPlainAnswer, isOutsideSessions, stay } = place;
  const trace = traceContextOf(fieldOf(request.fields, "traceparent"), deps.randomHex, deps.tracing?.sampler ?? null);
  if (place.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const path = `${place.agentPath}${request.query}`;
  const ownLines = linesOf(place.ownHeaders);
  const opened = opening?.opened() ?? null;
  const { tap, record } = mirroring(place, { turn, trace, startedAt }, deps);
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
      stay,
      startedAt,
      startedTick,
    },
    record === deps.record ? deps : { ...deps, record },
  );
}

/** Lets the mirror, where there is one for this turn, see the answer and know when the user's turn is over. */
function mirroring(
  { pin, learner, agentPath }: Extract<Placement, { kind: "placed" }>,
  turn: Pick<ToMirror, "turn" | "trace" | "startedAt">,
  { mirror, record }: HandleRequestDeps,
): Pick<HandleRequestDeps, "record"> & { readonly tap: ResponseTap | null } {
  const mirrored = pin.shadow === null ? null : mirror.begin({ ...turn, pin, agentPath });
  if (mirrored === null) return { tap: learner, record };
  return {
    tap: mirrored.tap(learner),
    record(ended, onKept) {
      mirrored.userEnded();
      record(ended, onKept);
    },
  };
}

function giveUp(turn: ClientTurn, error: unknown, { log, meter }: HandleRequestDeps): void {
  if (turn.isGone) return;
  const isRefused = error instanceof OpeningFailed;
  if (!isRefused) log.error("a request failed inside the gateway", { reason: reasonOf(error) });
  if (!isRefused && turn.hasBegun) {
    turn.cut();
    return;
  }
  const refusal = isRefused ? error.refusal : internalError(error);
  meter.refused(refusal.code);
  sendProblem(turn, refusal);
}

function internalError(error: unknown): Refusal {
  return {
    status: 500,
    code: "internal",
    message: `the gateway could not handle this request: ${reasonOf(error)}`,
    hint: "see the gateway's log",
  };
}
