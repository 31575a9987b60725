import { OPTIONS } from "./options.ts";
import { PROMOTIONS } from "./promotions.ts";
import type { Scenario } from "./scenario.ts";
import { HEADLINES } from "./scenarios.ts";
import { TRAPS } from "./traps.ts";

export const SCENARIOS: readonly Scenario[] = [...HEADLINES, ...TRAPS, ...OPTIONS, ...PROMOTIONS];
