import { describeLedger, describeServerState } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryLedger } from "./ledger.ts";
import { createMemoryServerState } from "./server-state.ts";

describe("a ledger in memory", () =>
  describeLedger(() => {
    const state = createMemoryServerState();
    return { state, ledger: createMemoryLedger(state) };
  }));
describe("server state in memory", () => describeServerState(createMemoryServerState));
