import { setTimeout as delay } from "node:timers/promises";
import { createClients } from "./clients.ts";
import { collectAgentTurns, collectLedger, collectPins, collectRecords, countUnsent } from "./collect.ts";
import { directRollouts } from "./direct-rollouts.ts";
import { createFaults, type Faults } from "./faults.ts";
import { revisionKey, type Conversation, type Fault, type History } from "./history.ts";
import { LARGEST_DRIFT, type Plan } from "./plan.ts";
import { createServerApi } from "./server-api.ts";
import { createStoreWatch } from "./watch-store.ts";
import { AGENT, startWorld, type World } from "./world.ts";

export type Run = { readonly history: History; readonly faults: Readonly<Record<string, number>> };

const SETTLES_WITHIN_MS = 90_000;
const now = (): number => performance.timeOrigin + performance.now();

/** Carries out a plan with real processes, waits until all of it has settled, and gathers what everybody wrote down. */
export async function runStore(plan: Plan, tell: (line: string) => void): Promise<Run> {
  const recorded: Fault[] = [];
  const record = (fault: Fault): void => void recorded.push(fault);
  const store = createStoreWatch(record, now);
  const world = await startWorld(plan, { now, watchStore: store.watch, onGatewayLog: store.onLog });
  try {
    await deployAll(world);
    tell(`${plan.store}: ${plan.sessions} sessions through ${plan.gateways.length} gateways, seed ${plan.seed}`);
    const faults = createFaults({ world, record, now });
    const { conversations, expected } = await play(plan, { world, faults, tell });
    await faults.mended();
    await settle(world);
    tell("all records have arrived; stopping the gateways, then the server");
    const history = await gather(world, { conversations, expected, faults: recorded }, tell);
    tell("everything is gathered; now judging");
    return { history, faults: faults.counts() };
  } finally {
    store.stop();
    await world.close();
  }
}

async function deployAll(world: World): Promise<void> {
  const api = createServerApi(world.serverUrl);
  for (const { version, digest } of world.releases) {
    const answer = await api.post("/v1/deployments", {
      release: `${AGENT}@${version}`,
      url: world.agents.urls[digest],
    });
    if (answer?.status !== 201) throw new Error(`${version} cannot be deployed: ${answer?.status} ${answer?.code}`);
  }
  await untilAcknowledged(world);
}

/** Every gateway has the newest table. */
async function untilAcknowledged({ gateways, control }: World): Promise<void> {
  await within(30_000, "every gateway to acknowledge the newest table", () => {
    const newest = control.newest();
    return gateways.every(({ id }) =>
      control.acks.some(
        (ack) => ack.gateway === id && newest !== null && ack.revision === revisionKey(newest.table.revision),
      ),
    );
  });
}

type Stage = { readonly world: World; readonly faults: Faults; readonly tell: (line: string) => void };

async function play(plan: Plan, { world, faults, tell }: Stage) {
  const gatewayUrls = world.gateways.map(({ url }) => url);
  let ended = 0;
  // Nobody begins a session of the next rollout's share before this one has ended: rollouts take their time.
  const mayBegin = (): number => plan.rollouts[ended + 1]?.at ?? plan.sessions;
  const clients = createClients({ plan, agent: AGENT, gatewayUrls, now, mayBegin });
  const progress = setInterval(() => tell(`${clients.begun()} of ${plan.sessions} sessions begun`), 10_000);
  try {
    const [conversations, expected] = await Promise.all([
      clients.run(),
      directRollouts({ plan, world, faults, begun: clients.begun, onEnded: () => (ended += 1), tell }),
      inflictAll(plan, faults, clients.begun),
    ]);
    return { conversations, expected };
  } finally {
    clearInterval(progress);
  }
}

async function inflictAll(plan: Plan, faults: Faults, begun: () => number): Promise<void> {
  const inflicted: Promise<void>[] = [];
  for (const fault of plan.faults) {
    while (begun() < fault.at) await delay(10);
    inflicted.push(faults.inflict(fault));
  }
  await Promise.all(inflicted);
}

/** Every record has reached the server, and every pin the store. */
async function settle({ databases, gateways }: World): Promise<void> {
  await within(SETTLES_WITHIN_MS, "every turn record to reach the server", () =>
    databases.every((file) => countUnsent(file) === 0),
  );
  await within(SETTLES_WITHIN_MS, "every pin to be written", async () => {
    for (const { url } of gateways) {
      const status = parseStatus(await (await fetch(`${url}/-/status`)).text());
      if (status.pins.unwritten > 0) return false;
    }
    return true;
  });
}

type Played = {
  readonly conversations: readonly Conversation[];
  readonly expected: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
};

async function gather(world: World, played: Played, tell: (line: string) => void): Promise<History> {
  const pins = await collectPins(world);
  const agentTurns = await collectAgentTurns(world);
  await Promise.all(world.gateways.map(({ process }) => process.stop()));
  tell("the gateways have stopped");
  await world.server.stop();
  tell("the server has stopped");
  const { tables, acks, renewals } = world.control;
  return {
    agent: AGENT,
    ...played,
    agentTurns,
    records: await collectRecords(world),
    pins,
    tables,
    acks,
    renewals,
    ledger: await collectLedger(world),
    // The plans' rollouts leave pinned sessions where they are.
    moves: [],
    drift: LARGEST_DRIFT,
  };
}

async function within(ms: number, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain for ${what}`);
    await delay(200);
  }
}

function parseStatus(text: string): { readonly pins: { readonly unwritten: number } } {
  return JSON.parse(text) as { pins: { unwritten: number } };
}
