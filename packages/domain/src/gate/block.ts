/** Sessions of both arms and how many of them were bad, for one gate in one block. Unscored sessions are not counted. */
export type ArmCounts = {
  readonly baselineSessions: number;
  readonly baselineBad: number;
  readonly canarySessions: number;
  readonly canaryBad: number;
};

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
  /** All sessions of the block, whatever the gates make of them; for the sample-ratio check. */
  readonly baselineSessions: number;
  readonly canarySessions: number;
  /** By gate name. */
  readonly counts: Readonly<Record<string, ArmCounts>>;
};
