import { startWithFirstRequest } from "./perch.ts";
import { sharedState } from "./turn/turn-scope.ts";

// NODE_OPTIONS=--import @perch/sdk/register: nothing in the agent's program has to change.
startWithFirstRequest(process.env);
process.once("beforeExit", () => {
  sharedState()
    .telemetry?.stop()
    .catch((error: unknown) => process.emitWarning(`the last spans were not sent: ${String(error)}`, "PerchWarning"));
});
