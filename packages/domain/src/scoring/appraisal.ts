import { digestOf } from "../release/digest.ts";
import { formatSessionKey, type SessionKey } from "../telemetry/session-key.ts";
import type { Score } from "../telemetry/score.ts";
import type { GivenScore, ScorerAnswer, ScorerIdentity } from "./scorer.ts";

/** One session that one scorer is to judge. */
export type Appraisal = SessionKey & {
  readonly id: string;
  readonly scorer: string;
  readonly version: string;
  /** Epoch ms. */
  readonly dueAt: number;
  /** How often the scorer was asked, the call under way included. */
  readonly attempts: number;
  readonly nextAt: number;
};

/** Why a session has no score of a scorer that should have judged it. */
export const UNSCORED = ["refused", "gave_up", "budget", "queue_full", "nothing_to_judge"] as const;
export type Unscored = (typeof UNSCORED)[number];

export type AfterAttempt =
  | { readonly kind: "scored"; readonly scores: readonly GivenScore[] }
  | { readonly kind: "unscored"; readonly why: Unscored }
  | { readonly kind: "again"; readonly at: number };

export type AttemptLimits = { readonly attempts: number; readonly giveUpAfterMs: number };

/** The same for the same session, scorer and version: judged twice, it counts once. */
export function appraisalId({ name, version }: ScorerIdentity, session: SessionKey): string {
  return digestOf(JSON.stringify(["appraisal", name, version, formatSessionKey(session)]));
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** What becomes of an appraisal once the scorer has answered an attempt. Waits double, up to a minute. */
export function afterAttempt(
  answer: ScorerAnswer,
  appraisal: Pick<Appraisal, "id" | "attempts" | "dueAt">,
  { attempts, giveUpAfterMs, now }: AttemptLimits & { readonly now: number },
): AfterAttempt {
  switch (answer.kind) {
    case "scored":
      return { kind: "scored", scores: answer.scores };
    case "unscored":
      return { kind: "unscored", why: "refused" };
    case "unable": {
      const waitMs = answer.retryAfterMs ?? backoffMs(appraisal);
      const isTooLate = now + waitMs >= appraisal.dueAt + giveUpAfterMs;
      if (isTooLate || appraisal.attempts >= attempts) return { kind: "unscored", why: "gave_up" };
      return { kind: "again", at: now + waitMs };
    }
  }
}

/** Up to a quarter more by the appraisal's own id, so that what failed together does not come back together. */
function backoffMs({ id, attempts }: Pick<Appraisal, "id" | "attempts">): number {
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, attempts - 1));
  return Math.round(waitMs * (1 + (Number.parseInt(id.slice(-4), 16) % 256) / 1024));
}

/** The scores as the store keeps them. */
export function scoresOf(
  appraisal: Pick<Appraisal, "id" | "agent" | "session" | "scorer" | "version">,
  given: readonly GivenScore[],
  at: number,
): readonly Score[] {
  return given.map(({ name, value, label }) => ({
    id: digestOf(JSON.stringify([appraisal.id, name])),
    agent: appraisal.agent,
    session: appraisal.session,
    name,
    value,
    label,
    at,
    evaluator: appraisal.scorer,
    evaluatorVersion: appraisal.version,
    commentDigest: null,
  }));
}
