import type { News, Phase, PhaseKind } from "./rollout.ts";

const BY_KIND: Readonly<Partial<Record<PhaseKind, News>>> = { RollingBack: "rolledBack", Succeeded: "promoted" };

/** What entering a phase is worth telling a person who is not looking; null for the rest. */
export function newsOf(phase: Phase): News | null {
  if (phase.kind === "Paused") return phase.why === "approval" ? "needsApproval" : "paused";
  if (phase.kind !== "Shadowing") return BY_KIND[phase.kind] ?? null;
  if (phase.hold === null) return null;
  return phase.hold === "approval" ? "needsApproval" : "paused";
}
