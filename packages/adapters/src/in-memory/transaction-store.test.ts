import { describeTransactionStore } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryTransactionStore } from "./transaction-store.ts";

describe("open transactions in memory", () => describeTransactionStore(createMemoryTransactionStore));
