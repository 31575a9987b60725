import type { DeclaredTool } from "../telemetry/release-facts.ts";
import type { RolloutPlan } from "./plan.ts";
import type { RolloutSpecProblem } from "./spec-problem.ts";

/** A release that may come to drain by a rollout's file, and its tools. */
export type DrainingRelease = {
  readonly version: string;
  readonly tools: readonly Pick<DeclaredTool, "name" | "effect" | "lifecycle">[];
};

/**
 * Whether what the file says of open transactions can be done by the tools of the releases that it may leave behind. A problem where
 * no tool could ever be asked, a warning for each release with tools that cannot.
 */
export function checkDrainTools(
  { drain }: Pick<RolloutPlan, "drain">,
  releases: readonly DrainingRelease[],
): { readonly problems: readonly RolloutSpecProblem[]; readonly warnings: readonly string[] } {
  const action = drain?.openTransactions ?? "wait";
  const acting = releases.map(({ version, tools }) => ({
    version,
    // What only reads leaves nothing open.
    tools: tools.filter(({ effect }) => effect !== "read"),
  }));
  if (action === "wait" || acting.length === 0) return { problems: [], warnings: [] };
  const without = acting.map(({ version, tools }) => ({
    version,
    tools,
    lacking: tools.filter(({ lifecycle }) => lifecycle[action] === null).map(({ name }) => name),
  }));
  const isHopeless = without.every(({ tools, lacking }) => tools.length === lacking.length);
  if (isHopeless)
    return { problems: [nobodyToAsk({ action, isImplied: drain?.onDeadline === "cancel" }, acting)], warnings: [] };
  return {
    problems: [],
    warnings: without.flatMap(({ version, lacking }) =>
      lacking.length === 0
        ? []
        : [
            `drain.openTransactions: ${action}: no lifecycle.${action} is declared by ${lacking.join(", ")} of ${version}; what such a tool leaves open is waited for until somebody says that it is closed`,
          ],
    ),
  };
}

function nobodyToAsk(
  { action, isImplied }: { readonly action: string; readonly isImplied: boolean },
  releases: readonly { readonly version: string }[],
): RolloutSpecProblem {
  const versions = releases.map(({ version }) => version).join(" and ");
  const instead = isImplied ? "evict" : "wait";
  const message = `found ${action}, but no tool of ${versions} that writes declares lifecycle.${action} in its agent.yaml, so nobody could be asked; declare it in the next release, or write ${instead} here`;
  return { path: ["spec", "drain", ...(isImplied ? [] : ["openTransactions"]), "onDeadline"], message };
}
