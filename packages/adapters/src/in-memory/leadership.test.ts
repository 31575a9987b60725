import { describeLeadership } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryLeadership } from "./leadership.ts";
import { createMemoryLedger } from "./ledger.ts";
import { createMemoryServerState } from "./server-state.ts";

describe("a leadership in memory", () =>
  describeLeadership(async () => {
    let now = 0;
    const state = createMemoryServerState();
    return {
      state,
      ledger: createMemoryLedger(state),
      leadership: createMemoryLeadership(state, () => now),
      async pass(ms) {
        now += ms;
      },
    };
  }));
