import type { AgentView, LedgerEntryView, RolloutView } from "@perch/api";
import { z } from "zod";
import { retirementText } from "./retirement-words.ts";

/** One line of an agent's history: what happened when, in words. */
export type HistoryLine = { readonly at: number; readonly text: string };

const admittedSchema = z.object({
  release: z.object({ digest: z.string(), version: z.string() }),
  signedBy: z.array(z.string()),
});
const deploymentSchema = z.object({ release: z.string(), url: z.string() });
const movedSchema = z.object({
  pointer: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  actor: z.string(),
  reason: z.string(),
});

/** What the server's ledger says of an agent, oldest first: releases admitted, deployments, pointers moved, rollouts. */
export function agentHistory(
  agent: AgentView,
  entries: readonly LedgerEntryView[],
  rollouts: readonly RolloutView[],
): readonly HistoryLine[] {
  const versions = new Map(agent.releases.map(({ release }) => [release.digest, release.version]));
  const nameOf = (digest: string): string => versions.get(digest) ?? `${digest.slice(0, 19)}…`;
  const decided = entries.map((entry) => ({ at: entry.at, text: textOf(entry, nameOf) }));
  const rolledOut = rollouts
    .filter((rollout) => rollout.agent === agent.agent)
    .map(({ id, appliedAt, baseline, canary, phase }) => ({
      at: appliedAt,
      text: `rollout ${id}: ${baseline.version} → ${canary.version}, ${phase}`,
    }));
  return [...decided, ...rolledOut].toSorted((a, b) => a.at - b.at);
}

function textOf({ type, body }: LedgerEntryView, nameOf: (digest: string) => string): string {
  const admitted = admittedSchema.safeParse(body);
  if (type === "releaseAdmitted" && admitted.success) {
    return `${admitted.data.release.version} admitted, signed by ${admitted.data.signedBy.join(", ")}`;
  }
  const moved = movedSchema.safeParse(body);
  if (type === "pointerMoved" && moved.success) {
    const { pointer, from, to, actor, reason } = moved.data;
    const why = reason === "" ? "" : `: ${reason}`;
    return `${pointer}: ${from === null ? "not set" : nameOf(from)} → ${to === null ? "taken away" : nameOf(to)} by ${actor}${why}`;
  }
  const retired = retirementText({ type, body }, nameOf);
  if (retired !== null) return retired;
  const deployment = deploymentSchema.safeParse(body);
  if (deployment.success) {
    const { release, url } = deployment.data;
    return `${nameOf(release)} ${type === "deploymentRemoved" ? "no longer runs" : "runs"} at ${url}`;
  }
  return type;
}
