import { randomUUID } from "node:crypto";
import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { createLog } from "@perch/adapters/json-log";
import { parseGatewayId, parseSessionId, type SessionId, type TurnRecord } from "@perch/domain";
import { createLlhttp } from "../http1/llhttp.ts";
import { createRequestHandler, type FindSession } from "../proxy/handle-request.ts";
import { listen } from "../proxy/listen.ts";
import { createPatience } from "../proxy/patience.ts";
import { createReleaseLimit } from "../proxy/release-limit.ts";
import type { TapFor } from "../proxy/response-tap.ts";
import { createTickEnd } from "../proxy/tick-end.ts";
import { createUpstreamHealth } from "../proxy/upstream-health.ts";
import { createUpstreamPools } from "../proxy/upstream-pools.ts";
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
  readonly session: (text: string) => SessionId;
};

export type TestGatewayOptions = {
  readonly urls: readonly string[];
  readonly findSession?: FindSession;
  readonly tapFor?: TapFor;
};

/** The gateway's data path in this process, for what cannot be set from outside. */
export async function createTestGateway({ urls, findSession, tapFor }: TestGatewayOptions): Promise<TestGateway> {
  const tick = (): number => performance.now();
  const now = (): number => Date.now();
  const held = createHeldTable(tick);
  held.offer(parseTable(JSON.stringify(tableOf({ sequence: 1, baseline: urls }))));
  const llhttp = createLlhttp();
  const pools = createUpstreamPools({ llhttp, tick });
  const store = createMemoryPinStore(now);
  const claimed: string[] = [];
  const kept: TurnRecord[] = [];
  const handle = createRequestHandler({
    gateway: parseGatewayId("gw-test"),
    held,
    pools,
    patience: createPatience({ limitMs: 5000, tick }),
    tickEnd: createTickEnd((run) => void setImmediate(run)),
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
    findSession: findSession ?? (async () => ({ kind: "found", session: parseSessionId("s") })),
    tapFor: tapFor ?? (() => null),
    pins: {
      async claim(pin, ttlMs) {
        claimed.push(pin.session);
        return await store.claim(pin, ttlMs);
      },
    },
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
  return { url: listener.url, claimed, kept, session: parseSessionId };
}
