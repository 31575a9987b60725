import { z } from "zod";

export const weight = z
  .number()
  .min(0.01)
  .max(100)
  .multipleOf(0.01)
  .meta({ description: "Share of new sessions in percent, with up to two decimals" });
