import type { RolloutView } from "@perch/api";
import type { Phase } from "./phase-words.ts";

export type Command = "rollback" | "pause" | "resume" | "promote" | "abort" | "undo";
/** What decides about commands. `announcement`: a rollback that was decided, and is not carried out yet. */
export type Standing = Pick<RolloutView, "phase" | "announcement">;
export type Permission = { readonly kind: "allowed" } | { readonly kind: "refused"; readonly because: string };

type Offer = { readonly commands: readonly Command[]; readonly otherwise: string };

const UNEXPOSED: Offer = {
  commands: ["abort"],
  otherwise: "no session has met the canary yet; abort stops the rollout",
};
const EXPOSED: Offer = { commands: ["pause", "promote", "abort", "rollback"], otherwise: "the rollout is not paused" };
const GOING_BACK: Offer = { commands: [], otherwise: "the rollout is going back already" };
const ENDED: Offer = { commands: [], otherwise: "the rollout has ended" };
const OFFERS: Record<Phase, Offer> = {
  Pending: UNEXPOSED,
  Preparing: UNEXPOSED,
  Shadowing: {
    commands: ["pause", "resume", "abort", "rollback"],
    otherwise: "no session meets the canary while it only mirrors",
  },
  Shifting: EXPOSED,
  Baking: EXPOSED,
  Paused: { commands: ["resume", "promote", "abort", "rollback"], otherwise: "the rollout is paused already" },
  Promoting: { commands: ["rollback"], otherwise: "the canary is being promoted" },
  Succeeded: { commands: ["rollback"], otherwise: "the canary was promoted" },
  RollingBack: GOING_BACK,
  RolledBack: ENDED,
  Aborting: GOING_BACK,
  Aborted: ENDED,
  Superseding: GOING_BACK,
  Superseded: ENDED,
  Failed: ENDED,
};

/** Whether the page offers a command. The server decides again: this only saves a person a refused request. */
export function permissionFor(command: Command, { phase, announcement }: Standing): Permission {
  const offer = OFFERS[phase];
  if (command === "undo" || (command === "resume" && announcement !== null)) {
    const isUndo = command === "undo" && announcement !== null;
    const because = command === "undo" ? "no rollback is announced" : "a rollback is announced: undo it first";
    return isUndo ? { kind: "allowed" } : { kind: "refused", because };
  }
  return offer.commands.includes(command) ? { kind: "allowed" } : { kind: "refused", because: offer.otherwise };
}

/** The buttons to show: all of them while the rollout goes on, then only what is left. Rolling back is always there. */
export function commandsShown({ phase, announcement }: Standing): readonly Command[] {
  const shown = buttonsOf(phase);
  // Undoing it is what a pause for it waits for.
  return announcement === null ? shown : ["undo", ...shown.filter((command) => command !== "resume")];
}

function buttonsOf(phase: Phase): readonly Command[] {
  if (phase === "Shadowing") return OFFERS.Shadowing.commands;
  if (phase === "Paused") return ["resume", "promote", "abort", "rollback"];
  return OFFERS[phase].commands.length > 1 ? EXPOSED.commands : [...without("rollback", OFFERS[phase]), "rollback"];
}

function without(command: Command, offer: Offer): readonly Command[] {
  return offer.commands.filter((offered) => offered !== command);
}
