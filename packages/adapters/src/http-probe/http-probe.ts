import type { ProbeAnswer, TargetProbe } from "@perch/domain";

const PATIENCE_MS = 1000;
/** What a proxy answers when nobody stands behind it. */
const NOBODY_THERE: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Asks with a plain GET of the address: an agent that is there answers it, if only with 404. It names itself, so that nobody
 * takes it for a user; `version` is of the program that asks.
 */
export function createHttpProbe(version: string): TargetProbe {
  const headers = { "user-agent": `perch-health-check/${version}` };
  return {
    async ask(url) {
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const answer = await fetch(url, { headers, redirect: "manual", signal });
        await answer.body?.cancel();
        return NOBODY_THERE.has(answer.status) ? silent(`${url} answers ${answer.status}`) : { kind: "answers" };
      } catch (error) {
        return silent(`${url} does not answer: ${reasonOf(error)}`);
      }
    },
  };
}

function silent(because: string): ProbeAnswer {
  return { kind: "silent", because };
}

/** `fetch` says what happened only in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
