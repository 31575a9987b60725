import type { CountEvidence } from "./count-evidence.ts";
import type { Learnt } from "./learnt.ts";

/** What was learnt of the arms' rates of bad sessions; null for a gate that does not compare rates. */
export function countsIn(learnt: Learnt): CountEvidence | null {
  switch (learnt.kind) {
    case "counts":
      return learnt;
    case "segments":
      return learnt.total;
    case "landmark":
      return learnt.ended;
    case "mean":
    case "quantile":
    case "structure":
    case "absolute":
      return null;
  }
}
