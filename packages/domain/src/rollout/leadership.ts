/** Who asks for the lead: `term` is of this asking alone, never used again; at `url` other servers reach this one. */
export type LeadCandidate = { readonly term: string; readonly url: string };

/** Who leads, and for how long still if it says nothing more. */
export type Leader = { readonly url: string; readonly epoch: number; readonly remainingMs: number };

export type Claim =
  { readonly kind: "leading"; readonly epoch: number } | { readonly kind: "following"; readonly leader: Leader };

/**
 * Which of several servers of one store leads. Time is the store's own, so that the servers' clocks need not agree. A leader
 * that is not heard of loses the lead, but does not know it at once: what it appends is refused by its epoch (`Ledger`).
 * Every call throws `LedgerError` `unavailable` where the store cannot be used.
 */
export interface Leadership {
  /** Takes the lead for `forMs`, with a new epoch, if nobody has it now. Of several that ask at once one gets it. */
  take(candidate: LeadCandidate, forMs: number): Promise<Claim>;
  /** Leads for `forMs` from now. False if another has taken the lead since: this term is over for good. */
  keep(term: string, forMs: number): Promise<boolean>;
  /** Another may take it at once. Nothing happens if this term does not lead. */
  giveUp(term: string): Promise<void>;
}
