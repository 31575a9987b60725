import type { Attempt, Conversation, Violation } from "./history.ts";
import type { IndexedHistory } from "./index-history.ts";

/**
 * Why a session may have been placed twice: exactly the cases that docs/sessions.md names.
 * `storeAway`: the gateway could not ask the store, and the client brought no pin that it could read.
 * `storeForgot`: the store had lost its data, and nobody who remembered had told it again.
 * `unwritten`: the first placement was made while the store was away, and was not written yet.
 * `storeSlow`: as `storeAway`, but nobody had broken anything: the store, or the way there, was seen to be slow.
 */
export type DegradedReason = "storeAway" | "storeForgot" | "unwritten" | "storeSlow";

export type Switches = {
  readonly violations: readonly Violation[];
  /** Sessions that met two releases as the design allows, by reason. */
  readonly degraded: Readonly<Record<DegradedReason, number>>;
};

/** Connecting again, and writing all that was decided or is remembered. */
const STORE_RECOVERS_MS = 5000;
/** Nothing is sent for so long after a command went unanswered. */
const STORE_PAUSE_MS = 1500;

/** No session meets two releases, by the agents' own records, but for recorded moves and proven degraded placements. */
export function judgeSwitches(history: IndexedHistory): Switches {
  const degraded: Record<DegradedReason, number> = { storeAway: 0, storeForgot: 0, unwritten: 0, storeSlow: 0 };
  const violations: Violation[] = [];
  for (const conversation of history.conversations) {
    const releases = new Set(conversation.attempts.flatMap(({ id }) => history.servedBy.get(id) ?? []));
    if (releases.size < 2) continue;
    const found = explainSwitch(conversation, history);
    if (found.kind === "explained") degraded[found.reason] += 1;
    if (found.kind === "unexplained")
      violations.push({ kind: "switched", conversation: conversation.name, message: found.message });
  }
  return { violations, degraded };
}

/** One time that a session was placed, as far as anybody outside could see it. */
type Placement = {
  readonly release: string;
  /** Null: only the agent knows of it. */
  readonly session: string | null;
  readonly gateway: string;
  readonly attempt: Attempt;
};

type Explanation =
  | { readonly kind: "explained"; readonly reason: DegradedReason }
  | { readonly kind: "moved" }
  | { readonly kind: "unexplained"; readonly message: string };

function explainSwitch(conversation: Conversation, history: IndexedHistory): Explanation {
  const placements = placementsOf(conversation, history);
  const [home] = placements;
  if (home === undefined) return { kind: "unexplained", message: "it was never placed, but served by two releases" };
  const allowed = new Set([home.release]);
  const moved = movesOf(conversation, history);
  let reason: DegradedReason | null = null;
  for (const [index, placement] of placements.entries()) {
    if (allowed.has(placement.release)) continue;
    const why = whyPlacedAgain(placement, placements.slice(0, index), history);
    if (why === null)
      return {
        kind: "unexplained",
        message: `${placement.gateway} placed it again, at ${placement.release}, with the store at hand`,
      };
    reason ??= why;
    allowed.add(placement.release);
  }
  for (const { id } of conversation.attempts) {
    const stray = history.servedBy.get(id)?.find((release) => !allowed.has(release) && !moved.has(release));
    if (stray !== undefined)
      return { kind: "unexplained", message: `request ${id} was served by ${stray}, where nobody had placed it` };
  }
  return reason === null ? { kind: "moved" } : { kind: "explained", reason };
}

function movesOf({ attempts }: Conversation, { moves }: IndexedHistory): ReadonlySet<string> {
  if (moves.length === 0) return new Set();
  const sessions = new Set(attempts.map(({ outcome }) => (outcome.kind === "answered" ? outcome.session : null)));
  return new Set(moves.filter(({ session }) => sessions.has(session)).map(({ to }) => to));
}

/** From the pins that clients were given; of a request that was never answered the agent alone knows. */
function placementsOf(conversation: Conversation, history: IndexedHistory): readonly Placement[] {
  const given = claimsByConversation(history).get(conversation.name) ?? [];
  const known = given.map(({ claim, session, attempt }) => ({
    release: claim.release,
    session,
    gateway: claim.gateway,
    attempt,
  }));
  const lost = conversation.attempts
    .filter(({ outcome }) => outcome.kind !== "answered")
    .flatMap((attempt) =>
      (history.servedBy.get(attempt.id) ?? []).map((release) => ({
        release,
        session: null,
        gateway: attempt.gateway,
        attempt,
      })),
    );
  return [...known, ...lost].sort((a, b) => a.attempt.sentAt - b.attempt.sentAt);
}

const byConversation = new WeakMap<IndexedHistory, ReadonlyMap<string, IndexedHistory["claims"]>>();

function claimsByConversation(history: IndexedHistory): ReadonlyMap<string, IndexedHistory["claims"]> {
  const held = byConversation.get(history) ?? Map.groupBy(history.claims, ({ conversation }) => conversation.name);
  byConversation.set(history, held);
  return held;
}

function whyPlacedAgain(
  placement: Placement,
  before: readonly Placement[],
  history: IndexedHistory,
): DegradedReason | null {
  const { attempt, gateway } = placement;
  // A signed pin is its session's: asked for by an alias that it does not know, a gateway cannot read it.
  const isAskedByAlias = before.every((earlier) => earlier.session !== attempt.named);
  if (attempt.presents && !isAskedByAlias) return null;
  const span = { from: attempt.sentAt, to: attempt.endedAt };
  if (history.wasWrong("storeAway", gateway, { ...span, afterMs: STORE_RECOVERS_MS })) return "storeAway";
  const isUnwrittenBy = (kind: "storeAway" | "storeSlow"): boolean =>
    before.some((earlier) => isUnwritten(earlier, { at: attempt.sentAt, kind }, history));
  if (isUnwrittenBy("storeAway")) return "unwritten";
  const emptied = history.faults.filter(({ kind }) => kind === "storeEmptied");
  if (emptied.some(({ to }) => isForgotten(to, placement, { before, history }))) return "storeForgot";
  const wasSlow = history.wasWrong("storeSlow", gateway, { ...span, afterMs: STORE_PAUSE_MS });
  return wasSlow || isUnwrittenBy("storeSlow") ? "storeSlow" : null;
}

/** It was decided without the store, and its gateway has not had the time to write it, or died before. */
function isUnwritten(
  { gateway, attempt }: Placement,
  { at, kind }: { readonly at: number; readonly kind: "storeAway" | "storeSlow" },
  history: IndexedHistory,
): boolean {
  return history.faults.some((fault) => {
    const isAway = fault.kind === kind && (fault.gateway === null || fault.gateway === gateway);
    const recoveredAt = fault.to + STORE_RECOVERS_MS;
    if (!isAway || fault.from > attempt.endedAt || attempt.sentAt > recoveredAt) return false;
    return at <= recoveredAt || history.wasWrong("gatewayDown", gateway, { from: attempt.sentAt, to: recoveredAt });
  });
}

/** The store forgot it in between, and no gateway that knew it lived to tell it again. */
function isForgotten(
  emptiedAt: number,
  { attempt }: Placement,
  { before, history }: { readonly before: readonly Placement[]; readonly history: IndexedHistory },
): boolean {
  const toldAgainAt = emptiedAt + STORE_RECOVERS_MS;
  const wasKnown = before.filter((earlier) => earlier.attempt.sentAt <= emptiedAt);
  if (wasKnown.length === 0 || attempt.endedAt < emptiedAt) return false;
  if (attempt.sentAt <= toldAgainAt) return true;
  return wasKnown.every((earlier) =>
    history.wasWrong("gatewayDown", earlier.gateway, { from: earlier.attempt.sentAt, to: toldAgainAt }),
  );
}
