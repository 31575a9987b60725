import { foldRollout, type LedgerEntry, type Rollout } from "@perch/domain";

/** The server, as a person's tools call it; it may be away at any time. */
export type ServerApi = {
  /** Null when nothing could be heard. */
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly code: string } | null>;
  /** The rollout as its ledger tells it; null when there is none, or nothing could be heard. */
  rollout(id: string): Promise<Rollout | null>;
};

const TIMEOUT_MS = 10_000;

export function createServerApi(url: string): ServerApi {
  return {
    async post(path, body) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const headers = { "content-type": "application/json" };
      const answer = await heard(() =>
        fetch(url + path, { method: "POST", headers, body: text, signal: AbortSignal.timeout(TIMEOUT_MS) }),
      );
      if (answer === null) return null;
      const said = await heard(() => answer.text());
      return said === null ? null : { status: answer.status, code: answer.ok ? "" : codeOf(said) };
    },
    async rollout(id) {
      const text = await heard(async () => {
        const answer = await fetch(`${url}/v1/rollouts/${id}/ledger`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        return answer.ok ? await answer.text() : "[]";
      });
      const entries = text === null ? [] : parseLedger(text);
      return entries.length === 0 ? null : foldRollout(entries);
    },
  };
}

async function heard<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch {
    // Killed, or not there yet: whoever asks looks at what became of it, and asks again.
    return null;
  }
}

function parseLedger(text: string): readonly LedgerEntry[] {
  return JSON.parse(text) as LedgerEntry[];
}

function codeOf(text: string): string {
  const problem = JSON.parse(text) as { error?: { code?: string } };
  return problem.error?.code ?? "";
}
