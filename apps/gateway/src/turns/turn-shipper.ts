import type { TurnOutbox, TurnRecord } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { backoffMs, type Sleep } from "../sync/backoff.ts";
import type { ServerLink } from "../sync/server-link.ts";

export type TurnShipperDeps = {
  readonly outbox: TurnOutbox;
  readonly link: Pick<ServerLink, "postTurns">;
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: () => number;
};

const BATCH = 500;
const LOOK_EVERY_MS = 100;
const LONGEST_WAIT_MS = 5000;

/** Brings the records of the outbox to the server until aborted. A record leaves the outbox only after its answer. */
export async function shipTurns(deps: TurnShipperDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const progress = await tryShip(deps, signal);
    failures = progress === "failed" ? failures + 1 : 0;
    if (progress === "more") continue;
    const waitMs = failures === 0 ? LOOK_EVERY_MS : backoffMs(failures, LONGEST_WAIT_MS, deps.random());
    await deps.sleep(Math.max(LOOK_EVERY_MS, waitMs), signal);
  }
}

/** One last time, as far as it goes without a failure. */
export async function flushTurns(deps: TurnShipperDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if ((await tryShip(deps, signal)) !== "more") return;
  }
}

type Progress = "more" | "empty" | "failed";

async function tryShip(deps: TurnShipperDeps, signal: AbortSignal): Promise<Progress> {
  try {
    const turns = deps.outbox.oldest(BATCH);
    if (turns.length === 0) return "empty";
    const problem = await ship(turns, deps, signal);
    if (problem === null) return turns.length === BATCH ? "more" : "empty";
    if (!signal.aborted) deps.log.warn("turn records wait in the outbox", { turns: turns.length, reason: problem });
  } catch (error) {
    deps.log.error("the turn outbox cannot be used", { reason: reasonOf(error) });
  }
  return "failed";
}

/** Null when every record is settled or buried. One bad record must not take its batch along: halves find it. */
async function ship(turns: readonly TurnRecord[], deps: TurnShipperDeps, signal: AbortSignal): Promise<string | null> {
  const outcome = await deps.link.postTurns({ turns: [...turns] }, signal);
  if (outcome.kind === "retryable") return outcome.reason;
  if (outcome.kind === "accepted") {
    deps.outbox.settle(turns.map((turn) => turn.id));
    return null;
  }
  const [turn] = turns;
  if (turn !== undefined && turns.length === 1) {
    deps.outbox.bury(turn.id, outcome.reason);
    deps.log.error("the server refuses a turn record; it is set aside in table turn_buried", {
      turn: turn.id,
      session: turn.session,
      reason: outcome.reason,
    });
    return null;
  }
  const middle = Math.ceil(turns.length / 2);
  return (await ship(turns.slice(0, middle), deps, signal)) ?? (await ship(turns.slice(middle), deps, signal));
}
