import { expect, test } from "vitest";
import { createTroubleLogger } from "./report-trouble.ts";

test("trouble is told at once, then once a minute with how much there was", () => {
  const told: string[] = [];
  let at = 0;
  const logger = createTroubleLogger({ report: (message) => told.push(message), now: () => at });
  logger.warn("the collector is away", new Error("ECONNREFUSED"));
  for (at = 1; at < 59_000; at += 1000) logger.error("still away");
  logger.info("nobody needs to know");
  at = 60_000;
  logger.error("still away");
  expect(told).toEqual([
    "telemetry: the collector is away Error: ECONNREFUSED",
    "telemetry: still away (and 59 more since the last warning)",
  ]);
});
