import { describeReleaseRegistry } from "@perch/testkit";
import { createMemoryRegistry } from "./registry.ts";

describeReleaseRegistry("in memory", async () => createMemoryRegistry());
