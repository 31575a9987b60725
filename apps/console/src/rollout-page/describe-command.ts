import type { RolloutView } from "@perch/api";
import type { Command } from "./command-permission.ts";

export type CommandWords = { readonly question: string; readonly consequence: string; readonly verb: string };

/** What a command will do to sessions, said before it is sent. */
export function describeCommand(command: Command, rollout: RolloutView): CommandWords {
  const canary = rollout.canary.version;
  const baseline = rollout.baseline.version;
  const pinned = `Sessions pinned to ${canary} finish there.`;
  switch (command) {
    case "rollback":
      return {
        question: `Roll back ${rollout.agent} to ${baseline}?`,
        consequence: `New sessions go to ${baseline} at once. ${pinned}`,
        verb: "Roll back",
      };
    case "pause":
      return {
        question: `Pause ${rollout.name}?`,
        consequence: `The weight stays where it is and ${canary} keeps getting its share; no step is taken until somebody resumes.`,
        verb: "Pause",
      };
    case "resume":
      return {
        question: `Resume ${rollout.name}?`,
        consequence:
          "Steps are taken again as the gates allow. If the rollout waits for approval, this is the approval.",
        verb: "Resume",
      };
    case "promote":
      return {
        question: `Promote ${canary} now?`,
        consequence: `All new sessions go to ${canary}, without waiting for the gates. ${gatesOpen(rollout)}`,
        verb: "Promote",
      };
    case "abort":
      return {
        question: `Abort ${rollout.name}?`,
        consequence: `The rollout ends without a verdict. New sessions go to ${baseline}. ${pinned}`,
        verb: "Abort the rollout",
      };
    case "undo":
      return {
        question: `Undo the rollback of ${rollout.name}?`,
        consequence: undoConsequence(rollout),
        verb: "Undo the rollback",
      };
  }
}

function undoConsequence({ phase, canary, announcement }: RolloutView): string {
  const goesOn =
    phase === "Succeeded"
      ? `${canary.version} stays the current release.`
      : `${canary.version} gets new sessions again, and its step begins anew.`;
  const why = announcement === null ? "" : ` It was to go back because: ${announcement.reason}.`;
  return `${goesOn} What speaks against it by now is not heard again in this rollout.${why}`;
}

function gatesOpen(rollout: RolloutView): string {
  const open = rollout.gates.filter((gate) => gate.verdict !== "pass").map((gate) => `${gate.name} (${gate.verdict})`);
  return open.length === 0 ? "Every gate passes." : `Not passed: ${open.join(", ")}.`;
}
