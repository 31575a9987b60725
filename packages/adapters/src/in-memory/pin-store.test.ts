import { describeExactPinStore, describePinStore, describeSharedPinStore, describeTurnOutbox } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryPinStore } from "./pin-store.ts";
import { createMemoryTurnOutbox } from "./turn-outbox.ts";

describe("pins in memory", () => {
  describePinStore(async (now) => createMemoryPinStore(now));
  describeExactPinStore(async (now) => createMemoryPinStore(now));
  describeSharedPinStore(async () => {
    const store = createMemoryPinStore(() => 0);
    return [store, store];
  });
});
describe("turn outbox in memory", () => describeTurnOutbox(createMemoryTurnOutbox));
