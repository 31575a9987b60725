import type { RolloutView } from "@perch/api";
import { formatCount, formatDecimal, formatSigned } from "./format-number.ts";

type Arm = RolloutView["arms"]["baseline"];
const FIGURES: readonly { readonly label: string; readonly read: (arm: Arm) => string }[] = [
  { label: "sessions", read: (arm) => formatCount(arm.sessions) },
  { label: "matured", read: (arm) => formatCount(arm.matured) },
  { label: "turns", read: (arm) => formatCount(arm.turns) },
  { label: "turns per session", read: (arm) => formatDecimal(arm.meanTurns, 2) },
  { label: "tool calls per session", read: (arm) => formatDecimal(arm.meanToolCalls, 2) },
  { label: "mean sentiment", read: (arm) => formatSigned(arm.meanSentiment, 2) },
];

/** What both arms did, one row a figure. */
export function figureRows(arms: RolloutView["arms"]): readonly { label: string; baseline: string; canary: string }[] {
  return FIGURES.map(({ label, read }) => ({ label, baseline: read(arms.baseline), canary: read(arms.canary) }));
}
