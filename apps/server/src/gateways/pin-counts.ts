import { compareRevisions, type AgentName, type Digest, type GatewayId, type Revision } from "@perch/domain";
import type { GatewayHub } from "./hub.ts";
import type { GatewayQuestions } from "./questions.ts";

/** How many live pins each release has, as far as the gateways could say. Unknown is null, and never zero. */
export interface PinCounts {
  /** Asks one gateway of each store. To be called every few seconds; rests after a count that took long. */
  refresh(): Promise<void>;
  /** A gateway that connects may have come back with another store: no drain ends before that was counted twice. */
  forgetStoreOf(gateway: GatewayId): void;
  /** Over all stores that gateways keep pins in. */
  live(agent: AgentName, release: Digest): number | null;
  /**
   * As `live`, but 0 only when it was 0 twice in a row, both times while every gateway held the present table: then no
   * assignment that was under way can have been missed. A gateway whose lease ran out is not enough: by its older table
   * the release may still be the current one.
   */
  liveForDrain(agent: AgentName, release: Digest): number | null;
}

export type PinCountsDeps = {
  readonly hub: Pick<GatewayHub, "views" | "connected" | "revision">;
  readonly questions: Pick<GatewayQuestions, "ask">;
  readonly now: () => number;
  readonly idleTimeoutMs: () => number;
};

/** Pins by agent and release. */
type Count = ReadonlyMap<string, number>;

type Round = {
  readonly revision: Revision;
  /** Every gateway holds this revision. */
  readonly isSettled: boolean;
  /** Null when a store could not be counted. */
  readonly pins: Count | null;
};

/** Counting takes at most a twentieth of the time: a large store is walked through. */
const RESTS_PER_COUNT = 19;
const UNKNOWN: Round = { revision: { epoch: 0, sequence: 0 }, isSettled: false, pins: null };
/** Gateways renew a pin late by a tenth of the idle timeout: so much longer it may live in their store. */
const PIN_SLACK = 1.1;

export function createPinCounts(deps: PinCountsDeps): PinCounts {
  const stores = createStores(deps);
  let [last, before] = [UNKNOWN, UNKNOWN];
  let running: Promise<void> | null = null;
  let restUntil = 0;
  let connectedSoFar = 0;

  async function round(): Promise<void> {
    const startedAt = deps.now();
    if (startedAt < restUntil) return;
    const views = deps.hub.views();
    const isSettled = views.every(({ sync }) => sync === "Synced");
    const revision = deps.hub.revision();
    const connections = connectedSoFar;
    const pins = await stores.count();
    [before, last] = [last, { revision, isSettled: isSettled && connections === connectedSoFar, pins }];
    restUntil = deps.now() + RESTS_PER_COUNT * (deps.now() - startedAt);
  }

  const liveOf = ({ pins }: Round, agent: AgentName, release: Digest): number | null =>
    pins === null ? null : (pins.get(keyOf(agent, release)) ?? 0);

  return {
    refresh() {
      running ??= round().finally(() => {
        running = null;
      });
      return running;
    },
    forgetStoreOf(gateway) {
      connectedSoFar += 1;
      stores.forget(gateway);
      // What it may have come back with, the counts so far have not seen.
      [before, last] = [
        { ...before, isSettled: false },
        { ...last, isSettled: false },
      ];
    },
    live: (agent, release) => liveOf(last, agent, release),
    liveForDrain(agent, release) {
      const live = liveOf(last, agent, release);
      if (live !== 0) return live;
      const isSame = compareRevisions(last.revision, before.revision) === 0;
      const isSure = isSame && compareRevisions(deps.hub.revision(), last.revision) === 0;
      return isSure && last.isSettled && before.isSettled ? liveOf(before, agent, release) : null;
    },
  };
}

type Stores = {
  /** Null when one of them could not be counted. */
  count(): Promise<Count | null>;
  forget(gateway: GatewayId): void;
};

/** Which gateway keeps its pins where: learned from answers. */
function createStores({ hub, questions, now, idleTimeoutMs }: PinCountsDeps): Stores {
  const storeOf = new Map<string, string>();
  const seenAt = new Map<string, number>();

  async function ask(gateway: GatewayId): Promise<{ store: string; pins: Count } | null> {
    const answer = await questions.ask(gateway, { kind: "pins" });
    if (answer?.kind !== "pins") return null;
    storeOf.set(gateway, answer.store);
    return { store: answer.store, pins: new Map(answer.live.map((one) => [keyOf(one.agent, one.release), one.pins])) };
  }

  /** One after the other until one answers: they count the same pins. */
  async function askOneOf(gateways: readonly GatewayId[]): Promise<{ store: string; pins: Count } | null> {
    for (const gateway of gateways) {
      const counted = await ask(gateway);
      if (counted !== null) return counted;
    }
    return null;
  }

  /** A gateway that is away counts until its pins have ended too: until then it may serve them where nobody sees it. */
  function gatewaysThatCount(connected: readonly GatewayId[]): readonly string[] {
    for (const { gateway, lastSeenAt } of hub.views()) seenAt.set(gateway, lastSeenAt);
    for (const gateway of connected) seenAt.set(gateway, now());
    const known = new Set(hub.views().map(({ gateway }) => gateway));
    for (const [gateway, at] of seenAt) {
      if (known.has(gateway) || now() - at <= idleTimeoutMs() * PIN_SLACK) continue;
      seenAt.delete(gateway);
      storeOf.delete(gateway);
    }
    return [...seenAt.keys()];
  }

  return {
    forget: (gateway) => void storeOf.delete(gateway),
    async count() {
      const connected = hub.connected();
      const groups = Map.groupBy(connected, (gateway) => storeOf.get(gateway) ?? `of ${gateway}`);
      const answers = await Promise.all([...groups.values()].map(askOneOf));
      const byStore = new Map(answers.flatMap((one) => (one === null ? [] : [[one.store, one.pins] as const])));
      const needed = gatewaysThatCount(connected).map((gateway) => storeOf.get(gateway));
      const isKnown = needed.length > 0 && needed.every((store) => store !== undefined && byStore.has(store));
      return isKnown ? sumOf([...byStore.values()]) : null;
    },
  };
}

function sumOf(counts: readonly Count[]): Count {
  const sum = new Map<string, number>();
  for (const [key, pins] of counts.flatMap((count) => [...count])) sum.set(key, (sum.get(key) ?? 0) + pins);
  return sum;
}

function keyOf(agent: string, release: string): string {
  return `${agent} ${release}`;
}
