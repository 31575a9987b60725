import type { Arm } from "../routing/assign.ts";
import type { MaturedSession } from "./session.ts";

/** A session that takes part in a comparison from the moment it was assigned. */
export type CohortMember = {
  /** Its place in the order of assignments; strictly increasing, with gaps. */
  readonly assignment: number;
  readonly arm: Arm;
  /** Epoch ms, by the gateway's clock. */
  readonly assignedAt: number;
  /** End of its last turn that is known of, by the gateway's clock; null before the first has ended. */
  readonly lastTurnAt: number | null;
  /** Its client or its agent has said that it is over, whether or not its outcome is settled. */
  readonly isEnded: boolean;
  /** Null until its outcome is settled. */
  readonly matured: MaturedSession | null;
};
