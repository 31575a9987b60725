import { describeAppraisalStore } from "@perch/testkit";
import { describe } from "vitest";
import { createMemoryAppraisalStore } from "./appraisal-store.ts";

describe("appraisals in memory", () => describeAppraisalStore(createMemoryAppraisalStore, (store) => store));
