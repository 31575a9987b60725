import { reasonOf } from "@perch/adapters/json-log";
import type { ServerChecks } from "@perch/api";
import { parseGatewayId, type ExplorerSource, type GatewayId, type ServerState, type TraceStore } from "@perch/domain";
import { Hono } from "hono";
import type { GatewayHub } from "../gateways/hub.ts";
import type { GatewayQuestions } from "../gateways/questions.ts";
import { diskSpace } from "./disk-space.ts";

export type CheckRoutesDeps = {
  readonly version: string;
  /** Null where there is none. */
  readonly dataDirectory: string | null;
  readonly state: Pick<ServerState, "forgetGateway">;
  readonly traces: {
    readonly store: Pick<TraceStore, "claimScoreBatch">;
    readonly explorer: Pick<ExplorerSource, "unpricedModels" | "unjoinedSpans">;
  };
  readonly hub: Pick<GatewayHub, "connected">;
  readonly questions: Pick<GatewayQuestions, "ask">;
  readonly now: () => number;
  readonly newId: () => string;
};

const UNPRICED_DAYS = 7;
const MOST_MODELS = 20;
const UNJOINED_MINUTES = 30;
/** A turn's record may come after its spans. */
const UNJOINED_GRACE_MS = 60_000;
const MOST_NAMES = 3;
const DAY_MS = 86_400_000;
const REASON_CHARACTERS = 500;
/** No token is called so: names of tokens have no spaces. */
const SENDER = "perch doctor";

/** `GET /v1/checks`: whether what the server lives on works, tried now. */
export function createCheckRoutes(deps: CheckRoutesDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/checks", async (context) => context.json((await checksOf(deps)) satisfies ServerChecks));
  return routes;
}

async function checksOf(deps: CheckRoutesDeps): Promise<ServerChecks> {
  const [state, traces, disk, gateways, models, unjoined] = await Promise.all([
    failureOf(() => writeState(deps)),
    failureOf(() => writeTraces(deps)),
    deps.dataDirectory === null ? null : diskSpace(deps.dataDirectory),
    Promise.all(deps.hub.connected().map((gateway) => askGateway(gateway, deps))),
    unpricedModels(deps),
    unjoinedSpans(deps),
  ]);
  return {
    version: deps.version,
    stores: [
      { store: "state", failure: state },
      { store: "traces", failure: traces },
    ],
    disk,
    gateways,
    unpriced: { days: UNPRICED_DAYS, models },
    unjoined: { minutes: UNJOINED_MINUTES, ...unjoined },
  };
}

/** Takes the lock of a writer, and changes nothing: there is no such gateway. */
async function writeState({ state, newId }: CheckRoutesDeps): Promise<void> {
  await state.forgetGateway(parseGatewayId(`doctor-${newId()}`));
}

/** The one thing in the trace store that is forgotten within days and that nobody reads. */
async function writeTraces({ traces, now, newId }: CheckRoutesDeps): Promise<void> {
  await traces.store.claimScoreBatch({ sender: SENDER, key: newId(), fingerprint: "", receivedAt: now() });
}

async function askGateway(
  gateway: GatewayId,
  { questions }: CheckRoutesDeps,
): Promise<ServerChecks["gateways"][number]> {
  const answer = await questions.ask(gateway, { kind: "about" });
  if (answer?.kind !== "about") return { gateway, about: null };
  return { gateway, about: { version: answer.version, pinStore: answer.pinStore } };
}

async function unpricedModels({ traces, now }: CheckRoutesDeps): Promise<ServerChecks["unpriced"]["models"]> {
  const query = { since: now() - UNPRICED_DAYS * DAY_MS, limit: MOST_MODELS };
  return [...(await orElse(() => traces.explorer.unpricedModels(query), []))];
}

async function unjoinedSpans({ traces }: CheckRoutesDeps): Promise<Omit<ServerChecks["unjoined"], "minutes">> {
  const agoMs = { from: UNJOINED_MINUTES * 60_000, to: UNJOINED_GRACE_MS };
  const none = { spans: 0, unjoined: 0, names: [] };
  const { names, ...counts } = await orElse(() => traces.explorer.unjoinedSpans({ agoMs, limit: MOST_NAMES }), none);
  return { ...counts, names: [...names] };
}

/** Where the store cannot be read, that is another check's finding. */
async function orElse<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch {
    return otherwise;
  }
}

async function failureOf(attempt: () => Promise<void>): Promise<string | null> {
  try {
    await attempt();
    return null;
  } catch (error) {
    return reasonOf(error).slice(0, REASON_CHARACTERS);
  }
}
