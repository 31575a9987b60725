import type { Feature } from "../structure/feature.ts";

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

/** Both arms' values in the order of assignment, to six significant digits. Sessions without a value are left out. */
export type ArmValues = { readonly baseline: readonly number[]; readonly canary: readonly number[] };

/** What a gate that does more than count one thing has read in a block. */
export type BlockReading =
  | ({ readonly kind: "values" } & ArmValues)
  /** Of each segment that occurs. */
  | { readonly kind: "segments"; readonly segments: Readonly<Record<string, ArmCounts>> }
  /** Of all sessions, also those that had not matured: bad, or not over at the gate's age. Only in rollouts of older versions. */
  | { readonly kind: "landmark"; readonly counts: ArmCounts }
  /** Before the features are frozen: those of the baseline's sessions, with how many have each. */
  | {
      readonly kind: "gathered";
      readonly sessions: number;
      readonly features: readonly { readonly feature: Feature; readonly sessions: number }[];
    }
  /** How many sessions of each arm have each of the frozen features, in their order. */
  | {
      readonly kind: "features";
      readonly baselineSessions: number;
      readonly canarySessions: number;
      readonly baseline: readonly number[];
      readonly canary: readonly number[];
    };

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
  /** Of the gates that count, by gate name. */
  readonly counts: Readonly<Record<string, ArmCounts>>;
  /** Of the gates that read more than that, by gate name. Lacking in blocks that older versions recorded: none. */
  readonly readings?: Readonly<Record<string, BlockReading>>;
  /** Versions of the evaluators behind a gate's score, by gate name, sorted. Lacking: none said one. */
  readonly evaluators?: Readonly<Record<string, readonly string[]>>;
};

/**
 * A closed set of sessions of one step as they were at one gate's age: cut as blocks are, by counts or the clock, but by itself,
 * and read once. A session is in exactly one of a gate's.
 */
export type LandmarkReading = {
  readonly gate: string;
  readonly step: number;
  /** Every session of this step up to this assignment is in this reading or in an earlier one of the gate. */
  readonly throughSequence: number;
  /** When the first and the last of its sessions were assigned, epoch ms. */
  readonly openedAt: number;
  readonly closedAt: number;
  readonly counts: ArmCounts;
  /** Sessions that nothing can be said of, because too little was heard: they are in no counts. */
  readonly unknown: number;
  /** Versions of the evaluators behind the gate's score, sorted. */
  readonly evaluators: readonly string[];
};
