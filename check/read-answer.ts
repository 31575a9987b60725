import { readClaim } from "./read-claim.ts";
import type { Outcome } from "./history.ts";

export type Answer = {
  readonly kind: "answered";
  readonly answered: Extract<Outcome, { kind: "answered" }>;
  /** The signed pin, for giving back. */
  readonly pin: string | null;
  readonly mcpSession: string | null;
  readonly response: string | null;
};

export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** An answer as a client understands it, or the gateway's refusal. */
export function readAnswer({ status, headers, text }: RawAnswer): Answer | Extract<Outcome, { kind: "refused" }> {
  const header = (name: string): string | null => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  if (status !== 200) return { kind: "refused", status, code: codeOf(text) };
  const said = parseSaid(text);
  const pin = header("x-perch-pin");
  return {
    kind: "answered",
    answered: {
      kind: "answered",
      session: header("x-perch-session") ?? "",
      release: header("x-perch-release") ?? "",
      claim: pin === null ? null : readClaim(pin),
      echoed: said.attempt,
      agent: said.release,
    },
    pin,
    mcpSession: header("mcp-session-id"),
    response: said.id ?? null,
  };
}

function parseSaid(text: string): { attempt: number; release: string; id?: string } {
  try {
    return JSON.parse(text) as { attempt: number; release: string; id?: string };
  } catch {
    return { attempt: -1, release: `no JSON: ${text.slice(0, 100)}` };
  }
}

function codeOf(text: string): string {
  try {
    const problem = JSON.parse(text) as { error?: { code?: string } };
    return problem.error?.code ?? "without_code";
  } catch {
    return "without_code";
  }
}
