import {
  parseAgentName,
  parseSessionExtractors,
  parseSessionLearners,
  RoutingError,
  type AgentName,
  type AgentPlace,
  type SessionExtractor,
  type SessionLearner,
} from "@perch/domain";

export type RouteOptions = {
  readonly sessionExtractors: readonly SessionExtractor[];
  readonly sessionLearners: readonly SessionLearner[];
  readonly places: ReadonlyMap<AgentName, AgentPlace>;
};

const HOST = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i;

/** A list such as `header:x-session-id, jwt:sub`; what is wrong with it is added to `problems`. */
export function parseRules<Rule>(
  flag: string,
  text: string,
  { parse, problems }: { parse: (entry: string) => readonly Rule[]; problems: string[] },
): readonly Rule[] {
  return text.split(/,\s*/).flatMap((entry) => {
    try {
      return parse(entry.trim());
    } catch (error) {
      if (!(error instanceof RoutingError)) throw error;
      problems.push(`${flag}: ${error.message}`);
      return [];
    }
  });
}

export const parseTargetingKey = (text: string, problems: string[]): readonly SessionExtractor[] =>
  parseRules("--targeting-key", text, { parse: parseSessionExtractors, problems });
export const parseAliases = (text: string, problems: string[]): readonly SessionLearner[] =>
  parseRules("--aliases", text, { parse: parseSessionLearners, problems });

/** `AGENT=HOST[,HOST…][/PATH]` each: where an agent is, if not at `/AGENT` of every host. */
export function parsePlaces(routes: readonly string[], problems: string[]): ReadonlyMap<AgentName, AgentPlace> {
  const places = new Map<AgentName, AgentPlace>();
  for (const route of routes) {
    const parsed = parsePlace(route);
    if (parsed === null) {
      problems.push(`--route: found ${route}, expected AGENT=HOST[,HOST…][/PATH], e.g. support=support.example`);
    } else if (places.has(parsed.agent)) problems.push(`--route: found agent ${parsed.agent} twice, expected it once`);
    else places.set(parsed.agent, parsed.place);
  }
  problems.push(...collisionsOf(places));
  return places;
}

function parsePlace(route: string): { agent: AgentName; place: AgentPlace } | null {
  const [, agent = "", hosts = "", path = ""] = /^([^=]+)=([^/]*)(\/[^?#\s]*)?$/.exec(route) ?? [];
  const names = hosts === "" ? [] : hosts.toLowerCase().split(",");
  const pathPrefix = path.replace(/\/+$/, "");
  const isUsable = names.every((host) => HOST.test(host)) && (names.length > 0 || path !== "");
  if (!isUsable || !/^(?:\/[^/]+)*$/.test(pathPrefix)) return null;
  try {
    return { agent: parseAgentName(agent), place: { hosts: names, pathPrefix } };
  } catch (error) {
    if (error instanceof RoutingError) return null;
    throw error;
  }
}

/** A gateway refuses a whole table in which one request could be for two agents. */
function collisionsOf(places: ReadonlyMap<AgentName, AgentPlace>): string[] {
  const owners = new Map<string, AgentName>();
  const problems: string[] = [];
  for (const [agent, { hosts, pathPrefix }] of places) {
    for (const host of hosts.length === 0 ? [""] : hosts) {
      const at = `${host}${pathPrefix || "/"}`;
      const other = owners.get(at);
      if (other !== undefined) problems.push(`--route: found ${agent} at ${at}, where ${other} is too, expected one`);
      owners.set(at, agent);
    }
  }
  return problems;
}

/** The agent that was given the place where this one would be by its name; null when nobody has it. */
export function tenantOf(agent: AgentName, places: ReadonlyMap<AgentName, AgentPlace>): AgentName | null {
  if (places.has(agent)) return null;
  const taken = [...places].find(([, { hosts, pathPrefix }]) => hosts.length === 0 && pathPrefix === `/${agent}`);
  return taken?.[0] ?? null;
}
