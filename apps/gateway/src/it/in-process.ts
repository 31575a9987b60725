import { randomUUID } from "node:crypto";
import { createLog } from "@perch/adapters/json-log";
import { parseGatewayId, parseSessionId, placeSession, type TurnRecord } from "@perch/domain";
import { createLlhttp } from "../http1/llhttp.ts";
import { createRequestHandler, type HandleRequestDeps } from "../proxy/handle-request.ts";
import { listen } from "../proxy/listen.ts";
import { createPatience } from "../proxy/patience.ts";
import { createReleaseLimit } from "../proxy/release-limit.ts";
import type { ResponseTap } from "../proxy/response-tap.ts";
import { createTickEnd } from "../proxy/tick-end.ts";
import { createUpstreamHealth } from "../proxy/upstream-health.ts";
import { createUpstreamPools } from "../proxy/upstream-pools.ts";
import { parseTable } from "../table/parse-table.ts";
import { onCleanUp } from "./harness.ts";
import { tableOf } from "./tables.ts";

const GATEWAY = parseGatewayId("gw-test");

type Place = HandleRequestDeps["place"];

export type TestGateway = {
  readonly url: string;
  /** Sessions in the order in which they were placed. */
  readonly placed: string[];
  /** Records of turns. */
  readonly kept: TurnRecord[];
};

export type TestGatewayOptions = {
  readonly agentUrl: string;
  readonly sessionOf: (request: Parameters<Place>[0]) => Promise<string>;
  readonly learner?: ResponseTap;
};

/** The gateway's data path in this process, for what cannot be set from outside. */
export async function createTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const tick = (): number => performance.now();
  const now = (): number => Date.now();
  const llhttp = createLlhttp();
  const pools = createUpstreamPools({ llhttp, tick });
  const placed: string[] = [];
  const kept: TurnRecord[] = [];
  const handle = createRequestHandler({
    gateway: GATEWAY,
    pools,
    tickEnd: createTickEnd((run) => void setImmediate(run)),
    patience: createPatience({ limitMs: 5000, tick }),
    health: createUpstreamHealth(tick),
    limit: createReleaseLimit(null),
    maxConcurrent: null,
    upstreamTimeoutMs: 5000,
    admin: () => null,
    now,
    tick,
    newId: randomUUID,
    randomHex: (bytes) => "ab".repeat(bytes),
    log: createLog(() => {}, now),
    place: placeAt(options, placed),
    record(turn, onKept) {
      kept.push(turn);
      if (onKept !== undefined) setImmediate(onKept);
    },
  });
  const listener = await listen({ host: "127.0.0.1", port: 0, sharesPort: false }, { llhttp, tick, handle });
  onCleanUp(async () => {
    await listener.stop(0);
    pools.close();
  });
  return { url: listener.url, placed, kept };
}

function placeAt({ agentUrl, sessionOf, learner }: TestGatewayOptions, placed: string[]): Place {
  const { origin, host } = new URL(agentUrl);
  const { revision, agents } = parseTable(JSON.stringify(tableOf({ sequence: 1, baseline: [agentUrl] })));
  const [route] = agents;
  if (route === undefined) throw new Error("found a table without an agent");
  return async (request) => {
    const session = parseSessionId(await sessionOf(request));
    placed.push(session);
    return {
      kind: "placed",
      pin: placeSession({ route, session, revision, gateway: GATEWAY, leaseExpired: false, now: 0 }),
      route,
      release: { version: "1.0.0", upstreams: [{ origin, host, basePath: "" }] },
      agentPath: request.head.path,
      isAssigned: false,
      ownHeaders: ["x-perch-session", session],
      learner: learner ?? null,
      needsPlainAnswer: false,
    };
  };
}
