import type { GatewayStatus, Why } from "@perch/api";
import {
  parseAgentName,
  parseSessionId,
  RoutingError,
  type AgentName,
  type GatewayId,
  type SessionId,
  type TurnOutbox,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { RequestLine } from "../http1/parse-request.ts";
import type { Pins } from "../pins/open-pin-store.ts";
import { jsonAnswer, problemOf, type OwnAnswer, type Refusal } from "../problem.ts";
import { findPlacements } from "../questions/find-placements.ts";
import type { PlacementCounts } from "../session/placement-counts.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { TurnRecorder } from "../turns/turn-recorder.ts";

export type AdminDeps = {
  readonly gateway: GatewayId;
  readonly startedAt: number;
  readonly held: HeldTable;
  readonly pins: Pins;
  readonly counts: Pick<PlacementCounts, "counts">;
  readonly outbox: Pick<TurnOutbox, "countPending" | "countBuried">;
  readonly recorder: Pick<TurnRecorder, "counts">;
  readonly inFlight: () => number;
  readonly log: Log;
};

type Page = (query: URLSearchParams) => Promise<{ readonly status: number; readonly body: unknown }>;

/** Null when the path is none of the gateway's own. */
export type AdminPages = (
  line: Pick<RequestLine, "path" | "query">,
  remoteAddress: string,
) => Promise<OwnAnswer> | null;

/** The gateway's own pages, below `/-/`: status and placement for people of this machine, health for everybody. */
export function createAdminPages(deps: AdminDeps): AdminPages {
  const pages: Readonly<Record<string, Page>> = {
    "/-/healthz": async () => ({ status: 200, body: { ok: true } }),
    "/-/status": async () => ({ status: 200, body: await statusOf(deps) }),
    "/-/why": async (query) => await why(query, deps),
  };
  return (line, remoteAddress) => {
    const { path } = line;
    if (path !== "/-" && !path.startsWith("/-/")) return null;
    const page = pages[path];
    if (page === undefined) return Promise.resolve(problemOf(unknownPage(path, Object.keys(pages))));
    if (path !== "/-/healthz" && !isLocal(remoteAddress)) return Promise.resolve(problemOf(NOT_LOCAL));
    return answer(page, line.query, deps.log);
  };
}

async function answer(page: Page, query: string, log: Log): Promise<OwnAnswer> {
  try {
    return jsonAnswer(await page(new URLSearchParams(query)));
  } catch (error) {
    log.error("a status page failed", { reason: reasonOf(error) });
    const message = `the page could not be made: ${reasonOf(error)}`;
    return problemOf({ status: 500, code: "internal", message, hint: "see the gateway's log" });
  }
}

async function statusOf(deps: AdminDeps): Promise<GatewayStatus> {
  const index = deps.held.index();
  const fenced = deps.held.isFenced();
  const releases = [...(index?.agents.values() ?? [])].flatMap(({ route }) =>
    route.releases.map(async ({ release, version }) => ({
      agent: route.agent,
      release,
      version,
      // A store that does not answer is no reason for a page that does not either.
      pins: await deps.pins.store.countLive(route.agent, release).catch(() => null),
    })),
  );
  return {
    gateway: deps.gateway,
    startedAt: deps.startedAt,
    revision: index?.table.revision ?? null,
    leaseValid: !fenced,
    fenced,
    inFlight: deps.inFlight(),
    pins: { live: await Promise.all(releases), storeFaults: deps.pins.faults(), ...deps.pins.cached.counts() },
    presented: deps.counts.counts(),
    outbox: { pending: deps.outbox.countPending(), buried: deps.outbox.countBuried() },
    turns: [...deps.recorder.counts()].map(([release, count]) => ({ release, ...count })),
  };
}

async function why(query: URLSearchParams, deps: AdminDeps): Promise<{ status: number; body: unknown }> {
  const asked = parseQuestion(query);
  if (asked.kind === "malformed") return refusal({ status: 400, code: "question_malformed", ...asked });
  const found = await findPlacements(asked, { held: deps.held, pins: deps.pins.cached });
  if (found.length > 1) return refusal(severalAgents(asked.session, found));
  const [only] = found;
  return only === undefined ? refusal(unknownSession(asked)) : { status: 200, body: only };
}

function unknownSession({ agent, session }: Extract<Question, { kind: "question" }>): Refusal {
  return {
    status: 404,
    code: "session_unknown",
    message: `no live pin of session ${session} at ${agent === null ? "any agent" : `agent ${agent}`} is known here`,
    hint: "the session may be over, or idle for longer than its agent's idle timeout, or not begun",
  };
}

function severalAgents(session: string, found: readonly Why[]): Refusal {
  const agents = found.map(({ agent }) => agent).join(", ");
  return {
    status: 409,
    code: "session_ambiguous",
    message: `found session ${session} at agents ${agents}, expected one`,
    hint: `ask /-/why?session=${encodeURIComponent(session)}&agent=NAME`,
  };
}

type Question =
  | { readonly kind: "question"; readonly agent: AgentName | null; readonly session: SessionId }
  | { readonly kind: "malformed"; readonly message: string; readonly hint: string };

function parseQuestion(query: URLSearchParams): Question {
  try {
    const agent = query.get("agent");
    return {
      kind: "question",
      agent: agent === null ? null : parseAgentName(agent),
      session: parseSessionId(query.get("session") ?? ""),
    };
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    return { kind: "malformed", message: error.message, hint: "ask /-/why?session=ID&agent=NAME" };
  }
}

function refusal({ status, code, message, hint }: Refusal): { status: number; body: unknown } {
  return { status, body: { error: { code, message, hint } } };
}

const NOT_LOCAL: Refusal = {
  status: 403,
  code: "local_only",
  message: "this page is answered to clients of the gateway's own machine only",
  hint: "ask it there, over the loopback address",
};

function unknownPage(path: string, known: readonly string[]): Refusal {
  return {
    status: 404,
    code: "unknown_page",
    message: `the gateway has no page ${JSON.stringify(path.slice(0, 100))}`,
    hint: `it has ${known.join(", ")}`,
  };
}

function isLocal(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}
