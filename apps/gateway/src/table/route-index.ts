import {
  prepareLearners,
  type AgentName,
  type AgentRoute,
  type Digest,
  type LearnerRules,
  type RoutingTable,
} from "@perch/domain";

import { prepareStrategy, type PreparedStrategy } from "../classify/prepare-strategy.ts";

export type Upstream = { readonly origin: string; readonly host: string; readonly basePath: string };
export type RoutedRelease = {
  readonly version: string;
  readonly upstreams: readonly Upstream[];
  readonly isRetired: boolean;
};
export type RoutedAgent = {
  readonly route: AgentRoute;
  readonly releases: ReadonlyMap<Digest, RoutedRelease>;
  readonly learners: LearnerRules;
  /** Of the rollout under way. */
  readonly strategy: PreparedStrategy;
};

/** A table made ready for finding the agent of a request quickly. */
export type RouteIndex = {
  readonly table: RoutingTable;
  readonly agents: ReadonlyMap<AgentName, RoutedAgent>;
  /** Every origin that a request may be sent to. */
  readonly origins: ReadonlySet<string>;
  /**
   * The agent of a request: among those at exactly this host, else at the narrowest `*.` around it, else at every host, the
   * one with the longest prefix of the path. `host` is as the request says it, empty without one. Null when there is none.
   */
  find(path: string, host: string): RoutedAgent | null;
};

export function createRouteIndex(table: RoutingTable): RouteIndex {
  const agents = table.agents.map((route) => ({
    route,
    releases: releasesOf(route),
    learners: prepareLearners(route.sessionLearners),
    strategy: prepareStrategy(route.canary?.strategy ?? { kind: "session" }),
  }));
  const places = placesOf(agents);
  const upstreams = agents.flatMap((agent) => [...agent.releases.values()].flatMap((release) => release.upstreams));
  return {
    table,
    agents: new Map(agents.map((agent) => [agent.route.agent, agent])),
    origins: new Set(upstreams.map((upstream) => upstream.origin)),
    find(path, host) {
      for (const at of patternsOf(host, places)) {
        const agent = longestPrefix(places.get(at), path);
        if (agent !== null) return agent;
      }
      return null;
    },
  };
}

type ByPrefix = ReadonlyMap<string, RoutedAgent>;
const EVERY_HOST = "";

/** Agents by host pattern, then by path prefix. */
function placesOf(agents: readonly RoutedAgent[]): ReadonlyMap<string, ByPrefix> {
  const places = new Map<string, Map<string, RoutedAgent>>();
  for (const agent of agents) {
    const { hosts, pathPrefix } = agent.route;
    for (const host of hosts.length === 0 ? [EVERY_HOST] : hosts) {
      const pattern = host.toLowerCase();
      places.set(pattern, (places.get(pattern) ?? new Map()).set(pathPrefix, agent));
    }
  }
  return places;
}

/** The patterns that a host fits, the narrowest first. */
function* patternsOf(host: string, places: ReadonlyMap<string, ByPrefix>): Iterable<string> {
  // Most tables have no hosts: then nothing has to be cut.
  if (places.size > 1 || !places.has(EVERY_HOST)) {
    const name = nameOf(host);
    if (name !== EVERY_HOST) yield name;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) yield `*${name.slice(dot)}`;
  }
  yield EVERY_HOST;
}

/** A host as a request says it, without port and final dot. Longer than any name may be, it is none of ours. */
function nameOf(host: string): string {
  if (host.length > 300) return EVERY_HOST;
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

function longestPrefix(agents: ByPrefix | undefined, path: string): RoutedAgent | null {
  if (agents === undefined) return null;
  let prefix = path;
  for (;;) {
    const agent = agents.get(prefix);
    if (agent !== undefined) return agent;
    const slash = prefix.lastIndexOf("/");
    if (slash < 0) return null;
    prefix = prefix.slice(0, slash);
  }
}

function releasesOf(route: AgentRoute): ReadonlyMap<Digest, RoutedRelease> {
  return new Map(
    route.releases.map(({ release, version, urls, isRetired = false }) => [
      release,
      { version, upstreams: urls.map(parseUpstream), isRetired },
    ]),
  );
}

function parseUpstream(text: string): Upstream {
  const url = new URL(text);
  return { origin: url.origin, host: url.host, basePath: url.pathname.replace(/\/+$/, "") };
}
