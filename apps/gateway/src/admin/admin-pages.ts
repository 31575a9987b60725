import type { GatewayStatus, Why } from "@perch/api";
import {
  explainPin,
  parseAgentName,
  parseSessionId,
  RoutingError,
  type GatewayId,
  type TurnOutbox,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { StrategyCounter } from "../classify/strategy-counts.ts";
import type { RequestLine } from "../http1/parse-request.ts";
import type { Mirror } from "../mirror/create-mirror.ts";
import type { Pins } from "../pins/open-pin-store.ts";
import { jsonAnswer, problemOf, type OwnAnswer, type Refusal } from "../problem.ts";
import type { PlacementCounts } from "../session/placement-counts.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { TurnRecorder } from "../turns/turn-recorder.ts";

export type AdminDeps = {
  readonly gateway: GatewayId;
  readonly startedAt: number;
  readonly held: HeldTable;
  readonly pins: Pins;
  readonly counts: Pick<PlacementCounts, "counts">;
  readonly strategies: Pick<StrategyCounter, "counts">;
  readonly outbox: Pick<TurnOutbox, "countPending" | "countBuried">;
  readonly recorder: Pick<TurnRecorder, "counts">;
  readonly mirror: Pick<Mirror, "status">;
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
    mirror: deps.mirror.status(),
    strategies: deps.strategies.counts(),
    outbox: { pending: deps.outbox.countPending(), buried: deps.outbox.countBuried() },
    turns: [...deps.recorder.counts()].map(([release, count]) => ({ release, ...count })),
  };
}

async function why(query: URLSearchParams, deps: AdminDeps): Promise<{ status: number; body: unknown }> {
  const asked = parseQuestion(query);
  if (asked.kind === "malformed") return refusal({ status: 400, code: "question_malformed", ...asked });
  const pin = await deps.pins.cached.find(asked.agent, asked.session);
  if (pin === null) {
    return refusal({
      status: 404,
      code: "session_unknown",
      message: `no live pin of session ${asked.session} at agent ${asked.agent} is known here`,
      hint: "the session may be over, or idle for longer than its agent's idle timeout, or not begun",
    });
  }
  const release = deps.held.index()?.agents.get(pin.agent)?.releases.get(pin.release);
  return { status: 200, body: { ...pin, version: release?.version ?? null, rule: explainPin(pin) } satisfies Why };
}

type Question =
  | {
      readonly kind: "question";
      readonly agent: ReturnType<typeof parseAgentName>;
      readonly session: ReturnType<typeof parseSessionId>;
    }
  | { readonly kind: "malformed"; readonly message: string; readonly hint: string };

function parseQuestion(query: URLSearchParams): Question {
  try {
    return {
      kind: "question",
      agent: parseAgentName(query.get("agent") ?? ""),
      session: parseSessionId(query.get("session") ?? ""),
    };
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    return { kind: "malformed", message: error.message, hint: "ask /-/why?agent=NAME&session=ID" };
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
