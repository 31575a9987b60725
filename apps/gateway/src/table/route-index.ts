import type { AgentName, AgentRoute, Digest, RoutingTable } from "@perch/domain";

export type Upstream = { readonly origin: string; readonly host: string; readonly basePath: string };
export type RoutedRelease = { readonly version: string; readonly upstreams: readonly Upstream[] };
export type RoutedAgent = { readonly route: AgentRoute; readonly releases: ReadonlyMap<Digest, RoutedRelease> };

/** A table made ready for finding the agent of a request quickly. */
export type RouteIndex = {
  readonly table: RoutingTable;
  readonly agents: ReadonlyMap<AgentName, RoutedAgent>;
  /** Every origin that a request may be sent to. */
  readonly origins: ReadonlySet<string>;
  /** The agent with the longest prefix of this path; null when there is none. */
  find(path: string): RoutedAgent | null;
};

export function createRouteIndex(table: RoutingTable): RouteIndex {
  const agents = table.agents.map((route) => ({ route, releases: releasesOf(route) }));
  const byPrefix = new Map(agents.map((agent) => [agent.route.pathPrefix, agent]));
  const upstreams = agents.flatMap((agent) => [...agent.releases.values()].flatMap((release) => release.upstreams));
  return {
    table,
    agents: new Map(agents.map((agent) => [agent.route.agent, agent])),
    origins: new Set(upstreams.map((upstream) => upstream.origin)),
    find(path) {
      let prefix = path;
      for (;;) {
        const agent = byPrefix.get(prefix);
        if (agent !== undefined) return agent;
        const slash = prefix.lastIndexOf("/");
        if (slash < 0) return null;
        prefix = prefix.slice(0, slash);
      }
    },
  };
}

function releasesOf(route: AgentRoute): ReadonlyMap<Digest, RoutedRelease> {
  return new Map(
    route.releases.map(({ release, version, urls }) => [release, { version, upstreams: urls.map(parseUpstream) }]),
  );
}

function parseUpstream(text: string): Upstream {
  const url = new URL(text);
  return { origin: url.origin, host: url.host, basePath: url.pathname.replace(/\/+$/, "") };
}
