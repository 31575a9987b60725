import type { RoutingTableMessage } from "@perch/api";
import type { RoutingTable } from "@perch/domain";

/** The table as it goes over the wire. */
export function toMessage({ revision, leaseMs, agents }: RoutingTable): RoutingTableMessage {
  return {
    revision,
    leaseMs,
    agents: agents.map((route) => ({
      ...route,
      releases: route.releases.map((release) => ({ ...release, urls: [...release.urls] })),
      hosts: [...route.hosts],
      sessionExtractors: route.sessionExtractors.map((extractor) =>
        extractor.kind === "composite" ? { ...extractor, parts: [...extractor.parts] } : extractor,
      ),
      sessionLearners: [...route.sessionLearners],
      moves: [...route.moves],
    })),
  };
}
