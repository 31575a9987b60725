import type { Digest } from "../release/digest.ts";
import type { Arm } from "./assign.ts";
import type { AgentName, GatewayId, RolloutId, SessionId } from "./ids.ts";
import type { PinMove } from "./move.ts";
import type { Revision } from "./routing-table.ts";
import type { Targeting } from "./targeting.ts";

/** Session → release, written once on first contact; with the reasons, so that `perch why` can tell them. */
export type Pin = {
  readonly agent: AgentName;
  readonly session: SessionId;
  readonly release: Digest;
  readonly arm: Arm;
  readonly rollout: RolloutId | null;
  readonly step: number | null;
  readonly weightBp: number | null;
  /** Null when no rollout was under way, so that nothing was drawn. */
  readonly bucket: number | null;
  readonly seed: string | null;
  readonly revision: Revision;
  /** Who wrote it. */
  readonly gateway: GatewayId;
  readonly assignedAt: number;
  /** The override token that chose the release; null for a session that was assigned. */
  readonly override: string | null;
  /** Where the session's turns are mirrored to, decided at first contact like the rest; null for most. */
  readonly shadow: { readonly rollout: RolloutId; readonly release: Digest } | null;
  /** Null where every session was drawn by its own id, and in pins of versions that knew nothing else. */
  readonly targeting: Targeting | null;
  /** Null for a session that is where it was assigned. */
  readonly moved: PinMove | null;
};

/** A turn of a session that is to be moved. While one is under way the session stays. */
export type TurnMark = { readonly agent: AgentName; readonly session: SessionId; readonly turn: string };

export type MarkedSession = {
  /** The pin held now; null when there is none. */
  readonly pin: Pin | null;
  /** Other turns that are under way. */
  readonly others: number;
  /** How long ago the last marked turn ended; null when none is known of. */
  readonly quietMs: number | null;
};

export type MoveWish = {
  readonly from: Digest;
  /** The pin that the session is to have. */
  readonly pin: Pin;
  /** A turn that does not count as under way, because whoever asks knows better; its mark is gone afterwards. */
  readonly turn: string | null;
};

export type MoveOutcome =
  | { readonly kind: "moved"; readonly pin: Pin }
  /** A turn is under way. */
  | { readonly kind: "busy" }
  /** It is not pinned to that release, or has been moved meanwhile. */
  | { readonly kind: "elsewhere"; readonly pin: Pin | null };
/** A live pin, and when it is free unless it is renewed. */
export type LivePin = { readonly pin: Pin; readonly expiresAt: number };

/** Some of an agent's live pins, and where the next ones begin. */
export type PinPage = {
  readonly pins: readonly LivePin[];
  /** To be passed as `after` for the next page; null on the last. */
  readonly next: string | null;
};

/** Aliases lead to aliases only when two gateways learned apart from each other; a longer chain ends here. */
export const LONGEST_ALIAS_CHAIN = 8;

/**
 * The first claim wins. Every later claim gets that same pin back and renews it for `ttlMs`. Expired pins are free.
 * An alias is another id of a session: whoever claims or finds it gets the session's own pin.
 */
export interface PinStore {
  /** `pin.session` may be an alias: then the session's pin is claimed, and both are renewed. */
  claim(pin: Pin, ttlMs: number): Promise<Pin>;
  /** As `claim`, for a pin that was decided earlier: of two pins the one that outranks the other stays, if equal the held. */
  merge(pin: Pin, ttlMs: number): Promise<Pin>;
  /** Makes an id lead to a session, and renews it. An id that is live already, as a session or as an alias, stays what it is. */
  alias(alias: Alias, ttlMs: number): Promise<void>;
  /** The live pin of a session or alias, not renewed; null when unknown or expired. */
  find(agent: AgentName, session: SessionId): Promise<Pin | null>;
  /** Notes that a turn is under way for `markMs`, or again, and tells in the same breath where its session is pinned. */
  mark(turn: TurnMark, markMs: number): Promise<MarkedSession>;
  /** The turn is over. `ttlMs`: how long that is remembered. */
  unmark(turn: TurnMark, ttlMs: number): Promise<void>;
  /** Compare and set: of two that move a session from where it is, one wins; none while a turn is marked. Renews the pin. */
  move(wish: MoveWish, ttlMs: number): Promise<MoveOutcome>;
  /** As `find`, with the time that the pin has left. */
  lookUp(agent: AgentName, session: SessionId): Promise<LivePin | null>;
  /** Live pins of a release. */
  countLive(agent: AgentName, release: Digest): Promise<number>;
  /**
   * About `limit` live pins of an agent in no particular order, an empty page possible before the last. What is pinned all
   * the while comes at least once; what comes or goes meanwhile may or may not be there.
   */
  list(agent: AgentName, page: { readonly after: string | null; readonly limit: number }): Promise<PinPage>;
  /** Deletes at most `limit` expired pins and aliases and says how many: they are free anyway, this gives their space back. */
  forgetExpired(limit: number): Promise<number>;
  /** The store's own name: the same for all who share its pins, and for nobody else, as long as it keeps its pins. */
  identity(): Promise<string>;
  close(): Promise<void>;
}

export type Alias = { readonly agent: AgentName; readonly alias: SessionId; readonly session: SessionId };
