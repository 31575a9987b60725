import { describePinStore, describeTurnOutbox } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryPinStore } from "./pin-store.ts";
import { createMemoryTurnOutbox } from "./turn-outbox.ts";

describe("pins in memory", () => describePinStore(async (now) => createMemoryPinStore(now)));
describe("turn outbox in memory", () => describeTurnOutbox(createMemoryTurnOutbox));
