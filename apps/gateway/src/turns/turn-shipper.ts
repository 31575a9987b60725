import { turnBatchSchema } from "@perch/api";
import type { KeptTurns, TurnOutbox } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { backoffMs, type Sleep } from "../sync/backoff.ts";
import type { ServerLink } from "../sync/server-link.ts";
import { createTurnMessages, type TurnMessages } from "./turn-messages.ts";

export type TurnShipperDeps = {
  readonly outbox: TurnOutbox;
  readonly link: Pick<ServerLink, "postTurns">;
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: () => number;
};

const RECORDS_AT_ONCE = 500;
const LOOK_EVERY_MS = 100;
const LONGEST_WAIT_MS = 5000;

/** Brings the records of the outbox to the server until aborted. A record leaves the outbox only after its answer. */
export async function shipTurns(deps: TurnShipperDeps, signal: AbortSignal): Promise<void> {
  const shipping = { ...deps, messages: createTurnMessages() };
  let failures = 0;
  while (!signal.aborted) {
    const progress = await tryShip(shipping, signal);
    failures = progress === "failed" ? failures + 1 : 0;
    if (progress === "more") continue;
    const waitMs = failures === 0 ? LOOK_EVERY_MS : backoffMs(failures, LONGEST_WAIT_MS, deps.random());
    await deps.sleep(Math.max(LOOK_EVERY_MS, waitMs), signal);
  }
}

/** One last time, as far as it goes without a failure. */
export async function flushTurns(deps: TurnShipperDeps, signal: AbortSignal): Promise<void> {
  const shipping = { ...deps, messages: createTurnMessages() };
  while (!signal.aborted) {
    if ((await tryShip(shipping, signal)) !== "more") return;
  }
}

type Shipping = TurnShipperDeps & { readonly messages: TurnMessages };
type Progress = "more" | "empty" | "failed";

async function tryShip(deps: Shipping, signal: AbortSignal): Promise<Progress> {
  try {
    const batches = deps.outbox.oldest(RECORDS_AT_ONCE);
    if (batches.length === 0) return "empty";
    const shipped = await ship(batches, deps, signal);
    const turns = countOf(batches);
    if (shipped.kind === "split") return "more";
    if (shipped.kind === "settled") return turns >= RECORDS_AT_ONCE ? "more" : "empty";
    if (!signal.aborted) deps.log.warn("turn records wait in the outbox", { turns, reason: shipped.reason });
  } catch (error) {
    deps.log.error("the turn outbox cannot be used", { reason: reasonOf(error) });
  }
  return "failed";
}

type Shipped =
  | { readonly kind: "settled" }
  /** Some come again, record by record. */
  | { readonly kind: "split" }
  | { readonly kind: "waiting"; readonly reason: string };

const SETTLED: Shipped = { kind: "settled" };

/** One bad record must not take its batch along: halves find it. */
async function ship(batches: readonly KeptTurns[], deps: Shipping, signal: AbortSignal): Promise<Shipped> {
  const outcome = await deps.link.postTurns(deps.messages.of(batches), signal);
  // Only who has taken all of it has read all of it.
  if (outcome.kind !== "accepted") deps.messages.abandon();
  if (outcome.kind === "retryable") return { kind: "waiting", reason: outcome.reason };
  if (outcome.kind === "accepted") {
    deps.outbox.settle(batches.map((batch) => batch.id));
    return SETTLED;
  }
  const [batch] = batches;
  if (batch !== undefined && batches.length === 1) {
    if (batch.count === 1) bury(batch, outcome.reason, deps);
    else deps.outbox.split(batch.id);
    return batch.count === 1 ? SETTLED : { kind: "split" };
  }
  const middle = Math.ceil(batches.length / 2);
  const first = await ship(batches.slice(0, middle), deps, signal);
  if (first.kind === "waiting") return first;
  const second = await ship(batches.slice(middle), deps, signal);
  return second.kind === "settled" ? first : second;
}

function countOf(batches: readonly KeptTurns[]): number {
  return batches.reduce((count, batch) => count + batch.count, 0);
}

function bury(batch: KeptTurns, reason: string, { outbox, log }: TurnShipperDeps): void {
  outbox.bury(batch.id, reason);
  const { turns } = turnBatchSchema.parse({ turns: JSON.parse(Buffer.from(batch.json).toString()) });
  log.error("the server refuses a turn record; it is set aside in table turn_buried", {
    turn: turns[0]?.id ?? "",
    session: turns[0]?.session ?? "",
    reason,
  });
}
