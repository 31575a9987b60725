import type { Phase } from "./phase-words.ts";

export type Command = "rollback" | "pause" | "resume" | "promote" | "abort";
export type Permission = { readonly kind: "allowed" } | { readonly kind: "refused"; readonly because: string };

const ALLOWED: Permission = { kind: "allowed" };

/** Whether the page offers a command. The server decides again: this only saves a person a refused request. */
export function permissionFor(command: Command, phase: Phase): Permission {
  switch (phase) {
    case "Pending":
    case "Preparing":
      return command === "abort" ? ALLOWED : refused("no session has met the canary yet; abort stops the rollout");
    case "Shifting":
    case "Baking":
      return command === "resume" ? refused("the rollout is not paused") : ALLOWED;
    case "Paused":
      return command === "pause" ? refused("the rollout is paused already") : ALLOWED;
    case "Promoting":
      return command === "rollback" ? ALLOWED : refused("the rollout is being promoted; only a rollback is possible");
    case "Succeeded":
      return command === "rollback" ? ALLOWED : refused("the canary was promoted; only a rollback is possible");
    case "RollingBack":
    case "Aborting":
      return refused("the rollout is going back already");
    case "RolledBack":
    case "Aborted":
    case "Failed":
      return refused("the rollout has ended");
  }
}

function refused(because: string): Permission {
  return { kind: "refused", because };
}
