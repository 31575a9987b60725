/** Sessions of both arms and how many of them were bad, for one gate in one block. Unscored sessions are not counted. */
export type ArmCounts = {
  readonly baselineSessions: number;
  readonly baselineBad: number;
  readonly canarySessions: number;
  readonly canaryBad: number;
};

/**
 * Sessions of each arm, counted when they are assigned: that is where the weight acts. Matured sessions would not do,
 * since an arm that answers more slowly matures later without any fault in the split.
 */
export type AssignedSessions = { readonly baseline: number; readonly canary: number };

/**
 * A closed set of matured sessions of one step, the unit of the conditional test. Closed by counts or by the clock,
 * never by outcomes; a session is in exactly one block.
 */
export type Block = {
  readonly step: number;
  /** Every session of this step up to this sequence is in this block or an earlier one. */
  readonly throughSequence: number;
  /** When the first and the last of its sessions matured, epoch ms. */
  readonly openedAt: number;
  readonly closedAt: number;
  /** Sessions *assigned* in this step by the time the block was read, mature or not: cumulative over the step. */
  readonly assigned: AssignedSessions;
  /** All sessions of the block, whatever the gates make of them. */
  readonly baselineSessions: number;
  readonly canarySessions: number;
  /** By gate name. */
  readonly counts: Readonly<Record<string, ArmCounts>>;
};
