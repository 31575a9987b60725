import { reasonOf } from "@perch/adapters/json-log";
import type { AdminPages } from "../admin/admin-pages.ts";
import { fieldOf } from "../http1/fields.ts";
import type { Mirror, ToMirror } from "../mirror/create-mirror.ts";
import { sendOwn, sendProblem, type Refusal } from "../problem.ts";
import { endStay } from "../moves/under-way.ts";
import { placeRequest, type PlaceRequestDeps } from "../session/place-request.ts";
import type { Placement } from "../session/placement.ts";
import { whenKnown, type Soon } from "../session/soon.ts";
import { createEarlyOpening, OpeningFailed, type EarlyOpening } from "../websocket/early-opening.ts";
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
    const giveUpOn = (error: unknown): void => giveUp(turn, error, deps);
    try {
      const page = deps.admin(turn.request, turn.remoteAddress);
      const handled = page === null ? handle(turn, deps) : page.then((answer) => sendOwn(turn, answer));
      if (handled instanceof Promise) handled.catch(giveUpOn);
    } catch (error) {
      giveUpOn(error);
    }
  };
}

function handle(turn: ClientTurn, deps: HandleRequestDeps): Soon<void> {
  const [startedAt, startedTick] = [deps.now(), deps.tick()];
  const { request, body } = turn;
  const opening = request.isWebSocket ? createEarlyOpening(turn) : null;
  const peekFrame = opening === null ? null : () => opening.peek();
  const place = placeRequest({ head: requestHeadOf(request), peekBody: () => body.peek(), peekFrame }, deps);
  return whenKnown(place, (placement) => pass({ turn, placement, opening, startedAt, startedTick }, deps));
}

type Placed = {
  readonly turn: ClientTurn;
  readonly placement: Placement;
  readonly opening: EarlyOpening | null;
  readonly startedAt: number;
  readonly startedTick: number;
};

function pass({ turn, placement, opening, startedAt, startedTick }: Placed, deps: HandleRequestDeps): void {
  if (turn.isGone) {
    if (placement.kind === "placed") endStay(placement.stay);
    return;
  }
  if (placement.kind === "refused") {
    deps.meter.refused(placement.refusal.code);
    sendProblem(turn, placement.refusal);
    return;
  }
  const { pin, route, release, needsPlainAnswer, isOutsideSessions, stay } = placement;
  const traceparent = fieldOf(turn.request.fields, "traceparent");
  const trace = traceContextOf(traceparent, deps.randomHex, deps.tracing?.sampler ?? null);
  if (placement.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const path = `${placement.agentPath}${turn.request.query}`;
  const ownLines = linesOf(placement.ownHeaders);
  const opened = opening?.opened() ?? null;
  const { tap, record } = mirroring(placement, { turn, trace, startedAt }, deps);
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
      taskState: () => placement.learner?.taskState() ?? null,
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
