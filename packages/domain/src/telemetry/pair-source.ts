import type { RolloutId, SessionId } from "../routing/ids.ts";
import type { MirrorCaps } from "../routing/routing-table.ts";
import type { ShadowTurn } from "../routing/shadow-turn.ts";
import type { TurnRecord } from "../routing/turn-record.ts";

/** A session that was mirrored: what its user got, and what became of the mirror. */
export type PairEvidence = {
  readonly session: SessionId;
  readonly baseline: readonly TurnRecord[];
  readonly shadow: readonly ShadowTurn[];
};

/** When the first mirrored turn of a session came; and its name, for two that came at once. */
export type PairPlace = { readonly at: number; readonly session: string };

/** What is known of mirrored sessions. */
export interface PairSource {
  /** Sessions of the rollout with a shadow turn, the newest first; those behind `before` when that is not null. */
  pairs(query: { rollout: RolloutId; before: PairPlace | null; limit: number }): Promise<readonly PairEvidence[]>;
  /** What was sent to the rollout's shadow, as far as it is known: what is under way is not yet. */
  spent(rollout: RolloutId): Promise<MirrorCaps>;
}
