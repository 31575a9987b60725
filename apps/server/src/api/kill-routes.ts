import { killRequestSchema, reviveRequestSchema } from "@perch/api";
import { parseReleaseName, urlsOf, type AgentRecord, type Digest } from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import { unknownAgent } from "./agent-routes.ts";
import { toAgentView, type AgentViewDeps } from "./agent-view.ts";
import { ApiError } from "./api-error.ts";
import { readBody } from "./read-body.ts";
import { resolveRelease } from "./resolve-release.ts";

export type KillRoutesDeps = AgentViewDeps & {
  readonly book: Book;
  readonly now: () => number;
  /** Rollouts and moves follow at once, as far as they can. */
  readonly onRecorded: () => Promise<void>;
};

/** `/v1/agents/:agent/kill`: the switch that takes an agent off the air, apart from every rollout. */
export function createKillRoutes(deps: KillRoutesDeps): Hono {
  const { book, now } = deps;
  const routes = new Hono();
  routes.post("/v1/agents/:agent/kill", async (context) => {
    const { to, actor, reason } = await readBody(context, killRequestSchema);
    const known = agentOf(context.req.param("agent"), book);
    const target = to === null ? null : targetOf(known, to, book);
    const record = await book.recordAgent(known.agent, () => ({
      type: "agentKilled",
      at: now(),
      actor,
      reason,
      to: target,
    }));
    await deps.onRecorded();
    return context.json(await toAgentView(record, book.rollouts(), deps));
  });
  routes.delete("/v1/agents/:agent/kill", async (context) => {
    const { actor, reason } = await readBody(context, reviveRequestSchema);
    const known = agentOf(context.req.param("agent"), book);
    if (known.kill === null) throw notKilled(known);
    const record = await book.recordAgent(known.agent, () => ({ type: "agentRevived", at: now(), actor, reason }));
    await deps.onRecorded();
    return context.json(await toAgentView(record, book.rollouts(), deps));
  });
  return routes;
}

function agentOf(name: string, book: Book): AgentRecord {
  const record = book.agent(name);
  if (record === null || record.first === null) throw unknownAgent(name);
  return record;
}

/** Nobody is sent where nothing runs. */
function targetOf(record: AgentRecord, name: string, book: Book): Digest {
  const { agent } = record;
  const reference = resolveRelease(
    parseReleaseName(name.includes("@") || name.startsWith(`${agent}:`) ? name : `${agent}@${name}`),
    book,
  );
  const release = record.releases.find((known) =>
    reference.kind === "digest" ? known.digest === reference.digest : known.version === reference.version,
  );
  if (reference.agent === agent && release !== undefined && urlsOf(release.digest, record).length > 0)
    return release.digest;
  throw new ApiError({
    status: 409,
    code: "not_possible_now",
    message: `found no deployment of ${name} among the releases of ${agent}, expected one that runs`,
    hint: `GET /v1/agents/${agent} lists them; without a release everybody is refused`,
  });
}

function notKilled({ agent }: AgentRecord): ApiError {
  return new ApiError({
    status: 409,
    code: "not_possible_now",
    message: `agent ${agent} is not switched off`,
    hint: "there is nothing to undo",
  });
}
