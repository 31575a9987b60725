import type { Percentiles, SessionPaths, TraceView, Transitions } from "@perch/api";
import {
  parseAgentName,
  parseSessionId,
  stepsOf,
  type ExplorerSource,
  type SessionSource,
  type TraceStore,
} from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { sessionPathView, stepView } from "./session-path-view.ts";
import { heldRollout } from "./unknown-rollout.ts";

export type ExplorerRoutesDeps = {
  readonly book: Pick<Book, "agent" | "held">;
  readonly explorer: ExplorerSource;
  readonly sessions: Pick<SessionSource, "recorded">;
  readonly store: Pick<TraceStore, "evidenceOf">;
  readonly now: () => number;
};

const MOST_TRANSITIONS = 200;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** What people look into: a session's path, a trace, and what the sessions of a rollout did by arm. */
export function createExplorerRoutes(deps: ExplorerRoutesDeps): Hono {
  const { book, explorer } = deps;
  const routes = new Hono();
  routes.get("/v1/sessions/:session", async (context) =>
    context.json(await pathsOf(context.req.param("session"), context.req.query("agent") ?? null, deps)),
  );
  routes.get("/v1/traces/:traceId", async (context) => {
    const traceId = context.req.param("traceId").toLowerCase();
    if (!TRACE_ID.test(traceId))
      throw malformed(`found trace ${JSON.stringify(traceId.slice(0, 60))}, expected 32 hexadecimal digits`);
    const steps = stepsOf(await explorer.trace(traceId), null);
    return context.json({ traceId, steps: steps.map((step) => stepView(step, () => "")) } satisfies TraceView);
  });
  routes.get("/v1/rollouts/:id/transitions", async (context) => {
    const query = {
      rollout: heldRollout(context.req.param("id"), book).rollout.id,
      limit: limitOf(context.req.query("limit")),
    };
    return context.json({ transitions: [...(await explorer.transitions(query))] } satisfies Transitions);
  });
  routes.get("/v1/rollouts/:id/percentiles", async (context) => {
    const spreads = await explorer.spreads(heldRollout(context.req.param("id"), book).rollout.id);
    return context.json({ percentiles: [...spreads] } satisfies Percentiles);
  });
  return routes;
}

async function pathsOf(id: string, agent: string | null, deps: ExplorerRoutesDeps): Promise<SessionPaths> {
  const asked = { session: parseSessionId(id), agent: agent === null ? null : parseAgentName(agent) };
  const recorded = await deps.sessions.recorded(asked);
  const evidence = await deps.store.evidenceOf(recorded.map((one) => ({ agent: one.agent, session: one.session })));
  const sessions = recorded.map(async (one) => {
    const own = evidence.find((found) => found.agent === one.agent) ?? null;
    const versionOf = (digest: string): string =>
      deps.book.agent(one.agent)?.releases.find((release) => release.digest === digest)?.version ?? "";
    return sessionPathView(one, { evidence: own, matured: await deps.explorer.matured(one), versionOf });
  });
  return { at: deps.now(), sessions: await Promise.all(sessions) };
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return MOST_TRANSITIONS;
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= 1000) return Number(text);
  throw malformed(`found limit ${JSON.stringify(text.slice(0, 40))}, expected a whole number from 1 to 1000`);
}

function malformed(message: string): ApiError {
  return new ApiError({
    status: 400,
    code: "query_malformed",
    message,
    hint: "see docs/sessions.md, looking into sessions",
  });
}
