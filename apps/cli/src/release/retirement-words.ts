import type { LedgerEntryView } from "@perch/api";
import { z } from "zod";

const aboutSchema = z.object({
  release: z.string(),
  rollout: z.string().optional(),
  livePins: z.number().nullable().optional(),
  openTransactions: z.number().nullable().optional(),
  tool: z.string().optional(),
  id: z.string().optional(),
  detail: z.string().optional(),
  reason: z.string().optional(),
  url: z.string().optional(),
  action: z.string().optional(),
});
type About = z.infer<typeof aboutSchema>;

const WORDS: Readonly<Record<string, (about: About) => string>> = {
  drainStarted: ({ rollout }) => `drains, by the file of ${rollout ?? "its rollout"}`,
  drainOverdue: (about) => `has not drained by its deadline: ${leftText(about)}`,
  releaseDrained: () => "has drained",
  drainResumed: (about) => `drains again: ${leftText(about)}`,
  drainCancelled: ({ reason }) => `does not drain any more: ${reason ?? ""}`,
  releaseScaledDown: () => "has no routes any more",
  deploymentHookAnswered: ({ url, action }) =>
    `${action === "delete" ? "is deleted" : "is scaled down"} at ${url ?? "its address"}`,
  releaseDecommissioned: () => "is decommissioned",
  transactionHookCalled: (about) => `asks to ${callText(about)}`,
  transactionHookRefused: (about) => `cannot ${callText(about)}: ${about.detail ?? "refused"}`,
  transactionHookAgreed: (about) => `has agreement to ${callText(about)}`,
};

function leftText({ livePins, openTransactions = 0 }: About): string {
  const pins = `${livePins ?? "an unknown number of"} live pins`;
  return openTransactions === 0 ? pins : `${pins}, ${openTransactions ?? "an unknown number of"} open transactions`;
}

function callText({ action, tool, id }: About): string {
  return `${action === "transfer" ? "hand over" : "cancel"} ${tool ?? "a tool"}'s transaction ${id ?? ""}`;
}

/** A ledger entry about a release's way out, in words; null for any other. */
export function retirementText(
  { type, body }: Pick<LedgerEntryView, "type" | "body">,
  nameOf: (digest: string) => string,
): string | null {
  const words = WORDS[type];
  const about = aboutSchema.safeParse(body);
  return words === undefined || !about.success ? null : `${nameOf(about.data.release)} ${words(about.data)}`;
}
