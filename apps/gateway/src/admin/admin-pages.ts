import type { GatewayStatus, Why } from "@perch/api";
import { parseAgentName, parseSessionId, RoutingError, type AgentName, type SessionId } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { RequestLine } from "../http1/parse-request.ts";
import type { Fields } from "../http1/fields.ts";
import { METRICS_TYPE, type Metrics } from "../metrics/create-metrics.ts";
import { mergeMetrics } from "../metrics/merge-metrics.ts";
import { jsonAnswer, problemOf, textAnswer, type OwnAnswer, type Refusal } from "../problem.ts";
import { findPlacements } from "../questions/find-placements.ts";
import { NO_TABLE } from "../session/refusals.ts";
import type { Reports } from "../workers/report.ts";
import type { AdminAccess } from "./admin-access.ts";
import { statusOf, type StatusDeps } from "./gateway-status.ts";

export type AdminDeps = StatusDeps & {
  readonly access: AdminAccess;
  readonly metrics: Metrics;
  /** Of all workers; null when this process is the only one. */
  readonly reports: { all(): Promise<Reports> } | null;
  readonly log: Log;
};

/** A body that is a text goes out as metrics do, everything else as JSON. */
type Page = (query: URLSearchParams) => Promise<{ readonly status: number; readonly body: unknown }>;

/** Null when the path is none of the gateway's own. */
export type AdminPages = (
  line: Pick<RequestLine, "path" | "query"> & { readonly fields: Fields },
  remoteAddress: string,
) => Promise<OwnAnswer> | null;

/** For everybody: what a balancer or an orchestrator asks. */
const OPEN = new Set(["/-/healthz", "/-/live", "/-/ready"]);

/** The gateway's own pages, below `/-/`: status, metrics and placement for its operators, health for everybody. */
export function createAdminPages(deps: AdminDeps): AdminPages {
  const pages: Readonly<Record<string, Page>> = {
    "/-/healthz": async () => ({ status: 200, body: { ok: true } }),
    "/-/live": async () => ({ status: 200, body: { ok: true } }),
    "/-/ready": async () => readinessOf(deps),
    "/-/status": async () => ({ status: 200, body: await wholeStatusOf(deps) }),
    "/-/metrics": async () => ({ status: 200, body: await metricsOf(deps) }),
    "/-/why": async (query) => await why(query, deps),
  };
  return (line, remoteAddress) => {
    const { path } = line;
    if (path !== "/-" && !path.startsWith("/-/")) return null;
    const page = pages[path];
    if (page === undefined) return Promise.resolve(problemOf(unknownPage(path, Object.keys(pages))));
    const denied = OPEN.has(path) ? null : deps.access(line.fields, remoteAddress);
    if (denied !== null) return Promise.resolve(problemOf(denied));
    return answer(page, line.query, deps.log);
  };
}

async function answer(page: Page, query: string, log: Log): Promise<OwnAnswer> {
  try {
    const { status, body } = await page(new URLSearchParams(query));
    return typeof body === "string"
      ? textAnswer({ status, type: METRICS_TYPE, text: body })
      : jsonAnswer({ status, body });
  } catch (error) {
    log.error("a status page failed", { reason: reasonOf(error) });
    const message = `the page could not be made: ${reasonOf(error)}`;
    return problemOf({ status: 500, code: "internal", message, hint: "see the gateway's log" });
  }
}

/** Of this process, or of all that share its port. */
async function metricsOf({ metrics, reports }: AdminDeps): Promise<string> {
  return reports === null ? await metrics.text() : mergeMetrics(await reports.all());
}

async function wholeStatusOf(deps: AdminDeps): Promise<GatewayStatus> {
  const own = await statusOf(deps);
  if (deps.reports === null) return own;
  const { reporting, silent } = await deps.reports.all();
  return { ...own, workers: { reporting: reporting.map(({ status }) => status), silent: [...silent] } };
}

/** Whether it is wise to send requests here. */
function readinessOf({ held, draining }: AdminDeps): { status: number; body: unknown } {
  if (draining() !== null) return refusal(DRAINING);
  if (held.index() === null) return refusal(NO_TABLE);
  return { status: 200, body: { ready: true, fenced: held.isFenced() } };
}

const DRAINING: Refusal = {
  status: 503,
  code: "draining",
  message: "the gateway was told to stop and takes nothing new",
  hint: "send requests to another gateway",
};

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

function unknownPage(path: string, known: readonly string[]): Refusal {
  return {
    status: 404,
    code: "unknown_page",
    message: `the gateway has no page ${JSON.stringify(path.slice(0, 100))}`,
    hint: `it has ${known.join(", ")}`,
  };
}
