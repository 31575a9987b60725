import type { LedgerEntryView } from "@perch/api";
import { z } from "zod";

const aboutSchema = z.object({
  release: z.string(),
  rollout: z.string().optional(),
  livePins: z.number().nullable().optional(),
  reason: z.string().optional(),
  url: z.string().optional(),
  action: z.string().optional(),
});
type About = z.infer<typeof aboutSchema>;

const WORDS: Readonly<Record<string, (about: About) => string>> = {
  drainStarted: ({ rollout }) => `drains, by the file of ${rollout ?? "its rollout"}`,
  drainOverdue: ({ livePins }) => `has not drained by its deadline: ${livePins ?? "an unknown number of"} live pins`,
  releaseDrained: () => "has drained",
  drainResumed: ({ livePins }) => `drains again: ${livePins ?? 0} live pins`,
  drainCancelled: ({ reason }) => `does not drain any more: ${reason ?? ""}`,
  releaseScaledDown: () => "has no routes any more",
  deploymentHookAnswered: ({ url, action }) =>
    `${action === "delete" ? "is deleted" : "is scaled down"} at ${url ?? "its address"}`,
  releaseDecommissioned: () => "is decommissioned",
};

/** A ledger entry about a release's way out, in words; null for any other. */
export function retirementText(
  { type, body }: Pick<LedgerEntryView, "type" | "body">,
  nameOf: (digest: string) => string,
): string | null {
  const words = WORDS[type];
  const about = aboutSchema.safeParse(body);
  return words === undefined || !about.success ? null : `${nameOf(about.data.release)} ${words(about.data)}`;
}
