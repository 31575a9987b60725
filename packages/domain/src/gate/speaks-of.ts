import type { MaturedSession } from "../telemetry/session.ts";
import { badOf } from "./bad-of.ts";
import type { GateSpec } from "./gate-spec.ts";
import { valueOf } from "./value-of.ts";

/** Whether a gate's metric says anything about a session: one about which it says nothing is not counted. */
export function speaksOf(gate: GateSpec, session: MaturedSession): boolean {
  switch (gate.kind) {
    case "proportion":
    case "score":
      return badOf(session, gate.of) !== null;
    case "mean":
    case "rate":
    case "quantile":
      return valueOf(session, gate.of) !== null;
    case "distribution":
      return true;
    case "absolute":
      return (gate.q === null ? badOf(session, gate.of) : valueOf(session, gate.of)) !== null;
  }
}
