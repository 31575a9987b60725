import type { Phase } from "./phase-words.ts";

export type Command = "rollback" | "pause" | "resume" | "promote" | "abort";
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
export function permissionFor(command: Command, phase: Phase): Permission {
  const offer = OFFERS[phase];
  return offer.commands.includes(command) ? { kind: "allowed" } : { kind: "refused", because: offer.otherwise };
}

/** The buttons to show: all of them while the rollout goes on, then only what is left. Rolling back is always there. */
export function commandsShown(phase: Phase): readonly Command[] {
  if (phase === "Shadowing") return OFFERS.Shadowing.commands;
  if (phase === "Paused") return ["resume", "promote", "abort", "rollback"];
  return OFFERS[phase].commands.length > 1 ? EXPOSED.commands : [...without("rollback", OFFERS[phase]), "rollback"];
}

function without(command: Command, offer: Offer): readonly Command[] {
  return offer.commands.filter((offered) => offered !== command);
}
