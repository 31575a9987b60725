import { routingTableSchema, type RoutingTableMessage } from "@perch/api";
import {
  parseAgentName,
  parseDigest,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  ReleaseError,
  RoutingError,
  type AgentRoute,
  type RouteMove,
  type RoutingTable,
} from "@perch/domain";
import { prepareStrategy } from "../classify/prepare-strategy.ts";
import { GatewayError } from "../gateway-error.ts";
import { reasonOf } from "@perch/adapters/json-log";

/** Throws `GatewayError` `table_invalid` naming every problem: a table that cannot be served is never applied in part. */
export function parseTable(json: string): RoutingTable {
  const parsed = routingTableSchema.safeParse(parseJson(json));
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  }
  const { revision, leaseMs, agents } = parsed.data;
  const problems: string[] = [];
  const routes = agents.flatMap((agent) => parseRoute(agent, problems));
  problems.push(...ambiguitiesOf(routes));
  if (problems.length > 0) throw invalid(problems);
  return { revision, leaseMs, agents: routes };
}

/** Two agents that one request could be for. */
function ambiguitiesOf(routes: readonly AgentRoute[]): string[] {
  const owners = new Map<string, AgentRoute>();
  const problems: string[] = [];
  for (const route of routes) {
    for (const host of route.hosts.length === 0 ? [""] : route.hosts) {
      const place = `${host.toLowerCase()} ${route.pathPrefix}`;
      const other = owners.get(place);
      if (other !== undefined) {
        const where = `the same path prefix ${JSON.stringify(route.pathPrefix)} at ${host || "every host"}`;
        problems.push(
          `${other.agent === route.agent ? "an agent is twice" : "two agents have"} ${where}: ${other.agent} and ${route.agent}`,
        );
      }
      owners.set(place, route);
    }
  }
  return problems;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid([`not JSON: ${reasonOf(error)}`]);
  }
}

type AgentMessage = RoutingTableMessage["agents"][number];

function parseRoute(message: AgentMessage, problems: string[]): AgentRoute[] {
  problems.push(...contradictionsOf(message));
  try {
    if (message.canary !== null) prepareStrategy(message.canary.strategy);
    return [toDomain(message)];
  } catch (error) {
    if (!(error instanceof RoutingError || error instanceof ReleaseError)) throw error;
    problems.push(`${message.agent}: ${error.message}`);
    return [];
  }
}

/** A name without a port; `*` stands for one or more labels at its beginning. */
const HOST =
  /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$|^\[[0-9a-f:.]+\]$/i;

/** What the schema cannot see. */
function contradictionsOf({
  agent,
  hosts,
  pathPrefix,
  current,
  withoutLease,
  canary,
  mirror,
  releases,
  moves,
}: AgentMessage): string[] {
  const served = new Set(releases.map(({ release }) => release));
  const assigned = [current, withoutLease ?? [], canary?.release ?? [], mirror?.release ?? []].flat();
  const urls = [...releases.flatMap((release) => release.urls), ...classifierUrls(canary)];
  return [
    ...assigned.filter((name) => !served.has(name)).map((name) => `${name} is assigned to, but not among the releases`),
    ...moves
      .filter(({ to, phase }) => phase !== "closed" && !served.has(to))
      .map(({ id, to }) => `${to} is where move ${id} leads, but not among the releases`),
    ...moves.filter(({ from, to }) => from === to).map(({ id, to }) => `move ${id} leads from ${to} to itself`),
    ...urls.filter((url) => !isHttpUrl(url)).map((url) => `${url} is no http URL`),
    ...hosts
      .filter((host) => !HOST.test(host))
      .map((host) => `host ${JSON.stringify(host.slice(0, 100))} is not like "support.example" or "*.example"`),
    ...(/^(?:\/[^/?#\s]+)*$/.test(pathPrefix) ? [] : [`path prefix ${JSON.stringify(pathPrefix)} is not like "/name"`]),
  ].map((problem) => `${agent}: ${problem}`);
}

function classifierUrls(canary: AgentMessage["canary"]): readonly string[] {
  if (canary?.strategy.kind !== "intent") return [];
  const { classifier } = canary.strategy;
  return classifier.kind === "http" ? classifier.urls : [];
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

function toDomain(message: AgentMessage): AgentRoute {
  const { canary, mirror } = message;
  return {
    agent: parseAgentName(message.agent),
    hosts: message.hosts,
    pathPrefix: message.pathPrefix,
    refuses: message.refuses,
    current: parseDigest(message.current),
    withoutLease: parseDigest(message.withoutLease ?? message.current),
    canary:
      canary === null
        ? null
        : { ...canary, rollout: parseRolloutId(canary.rollout), release: parseDigest(canary.release) },
    mirror:
      mirror === null
        ? null
        : { ...mirror, rollout: parseRolloutId(mirror.rollout), release: parseDigest(mirror.release) },
    releases: message.releases.map((release) => ({ ...release, release: parseDigest(release.release) })),
    sessionExtractors: message.sessionExtractors,
    sessionLearners: message.sessionLearners,
    idleTimeoutMs: message.idleTimeoutMs,
    moves: message.moves.map(toMove),
  };
}

function toMove(message: AgentMessage["moves"][number]): RouteMove {
  return {
    ...message,
    id: parseMoveId(message.id),
    from: parseDigest(message.from),
    to: parseDigest(message.to),
    session: message.session === null ? null : parseSessionId(message.session),
  };
}

function invalid(problems: readonly string[]): GatewayError {
  return new GatewayError({
    code: "table_invalid",
    message: `the routing table cannot be served: ${problems.join("; ")}`,
    hint: "the server and the gateway must be of versions that go together; the table held before stays in force",
  });
}
