import { describeTraceStore } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryTraceStore } from "./trace-store.ts";

describe("traces in memory", () => describeTraceStore(async () => createMemoryTraceStore()));
