import { describeTraceStore } from "@perch/testkit";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { openChdbTraceStore } from "./open-chdb.ts";

describe("traces in chDB", () =>
  describeTraceStore(async () => openChdbTraceStore({ directory: await mkdtemp(join(tmpdir(), "perch-chdb-")) })));
