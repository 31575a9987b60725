import { startWithFirstRequest } from "./perch.ts";
import { sharedState } from "./turn/turn-scope.ts";

// NODE_OPTIONS=--import @perch/sdk/register: nothing in the agent's program has to change.
startWithFirstRequest(process.env);
process.once("beforeExit", () => void sendTheRest());
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    // An agent with a handler of its own ends by itself, and comes by `beforeExit`.
    if (process.listenerCount(signal) > 0) return;
    void sendTheRest().then(() => process.kill(process.pid, signal));
  });
}

async function sendTheRest(): Promise<void> {
  try {
    await sharedState().telemetry?.stop();
  } catch (error) {
    process.emitWarning(`the last spans were not sent: ${String(error)}`, "PerchWarning");
  }
}
