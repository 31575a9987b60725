import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Leader, Leadership } from "@perch/domain";
import { createHeldTerm, type HeldTerm } from "./held-term.ts";
import type { Term } from "./term.ts";

/** What a server is while it leads. */
export type Reign = { readonly end: () => void };

export type Standing<Led extends Reign> =
  | { readonly kind: "leading"; readonly reign: Led; readonly epoch: number }
  /** It has the lead, and reads the ledger. */
  | { readonly kind: "starting" }
  /** Null: who leads is not known, or nobody does. */
  | { readonly kind: "following"; readonly leader: Leader | null };

export type ElectionDeps<Led extends Reign> = {
  readonly leadership: Leadership;
  /** At which other servers reach this one. */
  readonly url: () => string;
  /** How long it leads without the store having heard of it. */
  readonly forMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
  readonly newTerm: () => string;
  readonly reign: (term: Term) => Promise<Led>;
  /** Whether a reign that could not begin may be tried again: if not, `onHopeless` runs. */
  readonly isPassing: (error: unknown) => boolean;
  readonly onHopeless: (error: unknown) => void;
  /** The standing has changed: who was served under the one before is to ask again. */
  readonly onChange: () => void;
  readonly log: Pick<Log, "info" | "warn">;
};

/** Takes part in the choice of the one server that leads. */
export type Election<Led extends Reign> = {
  standing(): Standing<Led>;
  /** Takes the lead if it is free, and keeps it. To be called several times in `forMs`. Never throws. */
  look(): Promise<void>;
  /** Ends the present term, e.g. because what its server knows may not be so any more. Another look begins a new one. */
  resign(reason: string): void;
  /** Ends the term and leaves the lead to others at once. */
  stop(): Promise<void>;
};

/** What changes. */
type Seat<Led extends Reign> = {
  readonly deps: ElectionDeps<Led>;
  held: HeldTerm | null;
  standing: Standing<Led>;
  isAway: boolean;
};

export function createElection<Led extends Reign>(deps: ElectionDeps<Led>): Election<Led> {
  const seat: Seat<Led> = { deps, held: null, standing: { kind: "following", leader: null }, isAway: false };
  let looking: Promise<void> | null = null;
  let isStopped = false;
  return {
    standing: () => seat.standing,
    look() {
      if (isStopped) return Promise.resolve();
      looking ??= lookOnce(seat).finally(() => {
        looking = null;
      });
      return looking;
    },
    resign(reason) {
      if (seat.held !== null) stepDown(seat, seat.held, reason);
    },
    async stop() {
      isStopped = true;
      await looking;
      const mine = seat.held;
      seat.held = null;
      mine?.revoke();
      // Nobody is sent away: answers that are under way may be finished.
      if (seat.standing.kind === "leading") seat.standing.reign.end();
      seat.standing = { kind: "following", leader: null };
      if (mine !== null) await deps.leadership.giveUp(mine.id).catch(() => undefined);
    },
  };
}

async function lookOnce<Led extends Reign>(seat: Seat<Led>): Promise<void> {
  try {
    await (seat.held === null ? claim(seat) : keep(seat, seat.held));
  } catch (error) {
    const { log } = seat.deps;
    // Once an outage: the next look is soon.
    if (!seat.isAway) log.warn("cannot ask who leads; asking until the store answers", { reason: reasonOf(error) });
    seat.isAway = true;
    // Whoever led may lead still: requests are passed on, and told if it does not answer.
    if (seat.held !== null && !seat.held.term.isInForce()) stepDown(seat, seat.held, "the store cannot be asked");
  }
}

async function claim<Led extends Reign>(seat: Seat<Led>): Promise<void> {
  const { leadership, forMs, tick, log, ...deps } = seat.deps;
  const [id, askedAt] = [deps.newTerm(), tick()];
  const claimed = await leadership.take({ term: id, url: deps.url() }, forMs);
  seat.isAway = false;
  if (claimed.kind === "following") return stand(seat, claimed);
  const held = createHeldTerm({ id, epoch: claimed.epoch, until: askedAt + forMs, tick });
  seat.held = held;
  log.info("leading", { epoch: claimed.epoch });
  stand(seat, { kind: "starting" });
  // Not awaited: the lead has to be kept while a long ledger is read.
  void begin(seat, held);
}

async function begin<Led extends Reign>(seat: Seat<Led>, mine: HeldTerm): Promise<void> {
  const { reign, isPassing, onHopeless } = seat.deps;
  try {
    const begun = await reign(mine.term);
    if (seat.held === mine) stand(seat, { kind: "leading", reign: begun, epoch: mine.term.epoch });
    else begun.end();
  } catch (error) {
    if (isPassing(error)) stepDown(seat, mine, `cannot begin to lead: ${reasonOf(error)}`);
    else onHopeless(error);
  }
}

async function keep<Led extends Reign>(seat: Seat<Led>, mine: HeldTerm): Promise<void> {
  const { leadership, forMs, tick } = seat.deps;
  const askedAt = tick();
  if (!mine.term.isInForce()) return stepDown(seat, mine, "the store has not heard of this server for too long");
  const isKept = await leadership.keep(mine.id, forMs);
  seat.isAway = false;
  if (isKept) mine.extend(askedAt + forMs);
  else stepDown(seat, mine, "another server leads");
}

function stepDown<Led extends Reign>(seat: Seat<Led>, mine: HeldTerm, reason: string): void {
  if (seat.held !== mine) return;
  seat.held = null;
  mine.revoke();
  seat.deps.log.warn("not leading any more", { epoch: mine.term.epoch, reason });
  stand(seat, { kind: "following", leader: null });
  // If it still has the lead, it or another may take it at once; if not, this does nothing.
  seat.deps.leadership.giveUp(mine.id).catch(() => undefined);
}

function stand<Led extends Reign>(seat: Seat<Led>, next: Standing<Led>): void {
  const before = seat.standing;
  seat.standing = next;
  if (before.kind === "leading") before.reign.end();
  if (isOther(before, next)) seat.deps.onChange();
}

function isOther<Led extends Reign>(before: Standing<Led>, next: Standing<Led>): boolean {
  if (before.kind !== next.kind) return true;
  if (before.kind !== "following" || next.kind !== "following") return false;
  return before.leader?.epoch !== next.leader?.epoch || before.leader?.url !== next.leader?.url;
}
