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
 * A closed set of sessions of one step, the unit of the conditional test: neighbours in the order of *assignment*, so
 * that neither their outcome nor how long they took has a say in which block they are in. Closed by counts or by the
 * clock; a session is in exactly one block.
 */
export type Block = {
  readonly step: number;
  /** Every session of this step up to this assignment is in this block or an earlier one. */
  readonly throughSequence: number;
  /** When the first and the last of its sessions were assigned, epoch ms. */
  readonly openedAt: number;
  readonly closedAt: number;
  /** Sessions *assigned* in this step by the time the block was read, mature or not: cumulative over the step. */
  readonly assigned: AssignedSessions;
  /** Sessions that had not matured when patience ended: in no gate's counts, now or later. */
  readonly unresolved: number;
  /** Matured sessions of the block, whatever the gates make of them. */
  readonly baselineSessions: number;
  readonly canarySessions: number;
  /** By gate name. */
  readonly counts: Readonly<Record<string, ArmCounts>>;
};
