import { randomUUID } from "node:crypto";
import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import type { RoutingTableMessage } from "@perch/api";
import { parseGatewayId, parsePinSecrets, type PinStore, type TurnRecord } from "@perch/domain";
import { createSessionTargeting, type SessionTargeting } from "../classify/session-targeting.ts";
import { createStrategyCounter } from "../classify/strategy-counts.ts";
import { createLlhttp } from "../http1/llhttp.ts";
import { createMeter } from "../metrics/meter.ts";
import { createCachedPinStore } from "../pins/cached-pin-store.ts";
import { createRequestHandler } from "../proxy/handle-request.ts";
import { listen } from "../proxy/listen.ts";
import { createReleaseLimit } from "../proxy/release-limit.ts";
import { createTickEnd } from "../proxy/tick-end.ts";
import { createUpstreamHealth } from "../proxy/upstream-health.ts";
import { createUpstreamPools } from "../proxy/upstream-pools.ts";
import { createRoster } from "../roster.ts";
import { createPlacementCounts } from "../session/placement-counts.ts";
import { createHeldTable } from "../table/held-table.ts";
import { parseTable } from "../table/parse-table.ts";
import { onCleanUp } from "./harness.ts";
import { tableOf } from "./tables.ts";

export type TestGateway = {
  readonly url: string;
  /** Sessions in the order of their claims. */
  readonly claimed: string[];
  /** Records of turns. */
  readonly kept: TurnRecord[];
};

export type TestGatewayOptions = {
  readonly urls: readonly string[];
  readonly sessionExtractors: RoutingTableMessage["agents"][number]["sessionExtractors"];
};

/** The gateway's data path in this process, for what cannot be set from outside. */
export async function createTestGateway({ urls, sessionExtractors }: TestGatewayOptions): Promise<TestGateway> {
  const tick = (): number => performance.now();
  const now = (): number => Date.now();
  const held = createHeldTable(tick);
  held.offer(parseTable(JSON.stringify(tableOf({ sequence: 1, baseline: urls, agent: { sessionExtractors } }))));
  const llhttp = createLlhttp();
  const pools = createUpstreamPools({ llhttp, tick, patienceMs: 5000 });
  const claimed: string[] = [];
  const store = storeThatTells(now, claimed);
  const kept: TurnRecord[] = [];
  const meter = createMeter();
  const handle = createRequestHandler({
    gateway: parseGatewayId("gw-test"),
    held,
    pools,
    mover: { settle: async (pin) => ({ kind: "settled", pin, stay: null }) },
    underWay: createRoster(),
    tickEnd: createTickEnd((run) => void setImmediate(run)),
    health: createUpstreamHealth(tick),
    limit: createReleaseLimit(null),
    maxConcurrent: null,
    upstreamTimeoutMs: 5000,
    admin: () => null,
    mirror: { begin: () => null },
    meter,
    tracing: null,
    now,
    tick,
    newId: randomUUID,
    randomHex: (bytes) => "ab".repeat(bytes),
    log: createLog(() => {}, now),
    secrets: parsePinSecrets("0123456789abcdef0123456789abcdef"),
    counts: createPlacementCounts(),
    targeting: targetingNobody(),
    pins: createCachedPinStore({ store, now, maxEntries: 1000, slack: 0.1, mayForget: false, onFault() {} }),
    record(turn, onKept) {
      kept.push(turn);
      if (onKept !== undefined) setImmediate(onKept);
    },
  });
  const listener = await listen({ host: "127.0.0.1", port: 0, sharesPort: false }, { llhttp, tick, handle, meter });
  onCleanUp(async () => {
    await listener.stop(0);
    pools.close();
  });
  return { url: listener.url, claimed, kept };
}

function storeThatTells(now: () => number, claimed: string[]): PinStore {
  const memory = createMemoryPinStore(now);
  return {
    ...memory,
    claim(pin, ttlMs) {
      claimed.push(pin.session);
      return memory.claim(pin, ttlMs);
    },
  };
}

function targetingNobody(): SessionTargeting {
  return createSessionTargeting({
    ask: async () => ({ kind: "unsure", reason: "unreachable" }),
    counter: createStrategyCounter(),
    random: Math.random,
  });
}
