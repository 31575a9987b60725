import { expect, test } from "vitest";
import { createTroubleLogger } from "./report-trouble.ts";

test("trouble is told at once, then once a minute with how much there was", () => {
  const told: string[] = [];
  let at = 0;
  const logger = createTroubleLogger({ report: (message) => told.push(message), now: () => at });
  logger.warn('{"stack":"at …","message":"Bad Request","code":"400"}', "for one batch");
  for (at = 1; at < 59_000; at += 1000) logger.error("still away");
  logger.info("nobody needs to know");
  at = 60_000;
  logger.error("still away");
  expect(told).toEqual([
    "telemetry: Bad Request for one batch",
    "telemetry: still away (and 59 more since the last warning)",
  ]);
});
