export { createMemoryPinStore } from "./pin-store.ts";
export { createMemoryTurnOutbox } from "./turn-outbox.ts";
