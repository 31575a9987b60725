export { createMemoryPinStore } from "./pin-store.ts";
export { createMemoryTurnOutbox } from "./turn-outbox.ts";
export { createMemoryTraceStore } from "./trace-store.ts";
export { createMemoryLedger } from "./ledger.ts";
export { createMemoryServerState } from "./server-state.ts";
export { createMemoryHookSender } from "./hook-sender.ts";
export { createMemoryRegistry } from "./registry.ts";
export { createMemoryTargetProbe } from "./target-probe.ts";
