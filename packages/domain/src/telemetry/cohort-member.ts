import type { Arm } from "../routing/assign.ts";
import type { MaturedSession } from "./session.ts";

/** A session that takes part in a comparison from the moment it was assigned. */
export type CohortMember = {
  /** Its place in the order of assignments; strictly increasing, with gaps. */
  readonly assignment: number;
  readonly arm: Arm;
  /** Epoch ms, by the gateway's clock. */
  readonly assignedAt: number;
  /** Null until its outcome is settled. */
  readonly matured: MaturedSession | null;
};
