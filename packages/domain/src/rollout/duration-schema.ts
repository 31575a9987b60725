import { z } from "zod";
import { parseDurationMs } from "./duration.ts";

const DURATION = /^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/;

export const duration = z.string().regex(DURATION, 'expected a duration such as "500ms", "2s", "5m" or "24h"');
export const positiveDuration = duration.refine((text) => parseDurationMs(text) !== 0, {
  message: "expected a duration longer than nothing",
});
