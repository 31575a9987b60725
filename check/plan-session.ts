import { createRandom, type Random } from "../fuzz/random.ts";
import type { Echo, SessionKind } from "./history.ts";
import { between, oneOf } from "./draw.ts";
import type { Plan } from "./plan.ts";

export type PlannedTurn = {
  /** Index of the gateway that is asked first. */
  readonly gateway: number;
  /** After the answer before. */
  readonly waitMs: number;
  readonly agentMs: number;
};

export type PlannedSession = {
  readonly name: string;
  readonly kind: SessionKind;
  readonly echo: Echo;
  readonly turns: readonly PlannedTurn[];
  /** The first turn is sent through this gateway, too, at the same moment; null: it is not. */
  readonly twinGateway: number | null;
};

const KINDS = ["header", "header", "header", "json", "cookie", "cookie", "mcp", "responses"] as const;
const ECHOES = ["none", "none", "header", "cookie"] as const;

/** What the client of one session does: few turns or many, within a second or over twenty. */
export function planSession({ seed, store, gateways }: Plan, index: number): PlannedSession {
  const random = createRandom(`${seed} ${store} session ${index}`);
  const kind = oneOf(KINDS, random);
  const names = kind === "header" || kind === "json";
  const isLong = random(50) === 0;
  const count = isLong ? between(4, 6, random) : between(1, 3, random);
  return {
    name: `s${seed}-${index}`,
    kind,
    echo: oneOf(ECHOES, random),
    turns: Array.from({ length: count }, () => planTurn(gateways.length, isLong ? 4000 : 1200, random)),
    twinGateway: names && random(12) === 0 ? random(gateways.length) : null,
  };
}

function planTurn(gateways: number, longestWaitMs: number, random: Random): PlannedTurn {
  return {
    gateway: random(gateways),
    waitMs: random(longestWaitMs),
    agentMs: random(10) === 0 ? random(150) : 0,
  };
}
