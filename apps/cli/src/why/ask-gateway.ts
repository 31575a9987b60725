import { problemSchema, whySchema, type PlacementView, type WhyAnswer } from "@perch/api";
import { CliError } from "../cli-error.ts";

const PATIENCE_MS = 5000;

/** Asks a gateway itself, which only answers on its own machine: where the server cannot be asked, or does not know. */
export async function askGateway(
  gateway: string,
  { session, agent }: { readonly session: string; readonly agent: string | null },
): Promise<WhyAnswer> {
  const where = `gateway at ${gateway}`;
  const query = new URLSearchParams({ session, ...(agent === null ? {} : { agent }) });
  const answer = await read(new URL(`/-/why?${query.toString()}`, parseGateway(gateway)));
  if (answer.kind === "away") return nothing({ where, outcome: `no answer: ${answer.reason}`, isAnswer: false });
  const why = whySchema.safeParse(answer.body);
  if (answer.status === 200 && why.success) {
    return { placements: [placementOf(why.data)], asked: [{ where, outcome: "a live pin", isAnswer: true }] };
  }
  const problem = problemSchema.safeParse(answer.body);
  const code = problem.success ? problem.data.error.code : "";
  if (code === "session_unknown") return nothing({ where, outcome: "no live pin", isAnswer: true });
  if (problem.success && (code === "session_ambiguous" || code === "question_malformed")) {
    throw new CliError({ code: "usage", message: problem.data.error.message, hint: "name the agent with --agent" });
  }
  const outcome = problem.success ? problem.data.error.message : `answered ${answer.status}: is it a Perch gateway?`;
  return nothing({ where, outcome, isAnswer: false });
}

function parseGateway(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw new CliError({
    code: "usage",
    message: `found gateway address ${JSON.stringify(text)}, expected a URL such as http://127.0.0.1:4700`,
    hint: "give the URL that `perch up` prints for the gateway",
  });
}

type Answer =
  | { readonly kind: "answer"; readonly status: number; readonly body: unknown }
  | { readonly kind: "away"; readonly reason: string };

async function read(url: URL): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    return { kind: "answer", status: response.status, body: tryJson(text) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { kind: "away", reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nothing(place: WhyAnswer["asked"][number]): WhyAnswer {
  return { placements: [], asked: [place] };
}

function placementOf({ version, release, ...why }: ReturnType<typeof whySchema.parse>): PlacementView {
  return {
    ...why,
    source: "pin",
    release: { digest: release, version: version ?? "" },
    records: null,
    disagreements: [],
  };
}
