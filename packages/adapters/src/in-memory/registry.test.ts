import { describeReleaseRegistry } from "@perch/testkit";
import { createMemoryRegistry } from "./registry.ts";

describeReleaseRegistry("in memory", { open: async () => createMemoryRegistry(), race: "one-wins" });
