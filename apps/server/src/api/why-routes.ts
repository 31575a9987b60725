import type { PlacementView, Why, WhyAnswer } from "@perch/api";
import {
  parseAgentName,
  parseSessionId,
  type AgentName,
  type GatewayId,
  type RecordedSession,
  type SessionId,
  type SessionKey,
  type SessionSource,
} from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import type { GatewayHub } from "../gateways/hub.ts";
import type { GatewayQuestions } from "../gateways/questions.ts";
import { explainByPin, explainByRecords, type Background } from "./explain-session.ts";

export type WhyRoutesDeps = {
  readonly book: Pick<Book, "agent" | "held">;
  readonly hub: Pick<GatewayHub, "connected" | "views">;
  readonly questions: Pick<GatewayQuestions, "ask">;
  readonly sessions: Pick<SessionSource, "recorded" | "movedSessions">;
};

/** A session is moved by hand or by rollouts, a few times in its life. */
const MOST_MOVES = 100;

type Asked = { readonly session: SessionId; readonly agent: AgentName | null };
type Place = WhyAnswer["asked"][number];
type Found = { readonly pins: readonly Why[]; readonly places: readonly Place[] };

/** `GET /v1/why?session=…&agent=…`: asks every gateway for the pin, and the trace store for what was recorded. */
export function createWhyRoutes(deps: WhyRoutesDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/why", async (context) => {
    const { session, agent } = context.req.query();
    const asked = {
      session: parseSessionId(session ?? ""),
      agent: agent === undefined ? null : parseAgentName(agent),
    };
    return context.json(await explain(asked, deps));
  });
  return routes;
}

async function explain(asked: Asked, deps: WhyRoutesDeps): Promise<WhyAnswer> {
  const [live, recorded] = await Promise.all([askGateways(asked, deps), deps.sessions.recorded(asked)]);
  const byPin = await Promise.all(live.pins.map((pin) => placementOf(pin, { asked, recorded }, deps)));
  const isLive = (agent: string): boolean => live.pins.some((pin) => pin.agent === agent);
  const over = recorded.filter(({ agent }) => !isLive(agent));
  const byRecords = over.map(async (one) => explainByRecords(one, await backgroundOf(one, deps)));
  const placements = [...byPin, ...(await Promise.all(byRecords))];
  const outcome = recorded.length === 0 ? "no turn of such a session" : "turns of such a session";
  return {
    placements,
    asked: [...live.places, { where: "the server's turn records", outcome, isAnswer: true }],
  };
}

/** By an alias the records are those of the session that it leads to. */
async function placementOf(
  pin: Why,
  { asked, recorded }: { asked: Asked; recorded: readonly RecordedSession[] },
  deps: WhyRoutesDeps,
): Promise<PlacementView> {
  const [agent, session] = [parseAgentName(pin.agent), parseSessionId(pin.session)];
  const known = session === asked.session ? recorded : await deps.sessions.recorded({ session, agent });
  const own = known.find((one) => one.agent === agent) ?? null;
  return explainByPin(pin, own, await backgroundOf({ agent, session }, deps));
}

async function askGateways({ session, agent }: Asked, { hub, questions }: WhyRoutesDeps): Promise<Found> {
  const answers = await Promise.all(
    hub.connected().map(async (gateway) => {
      const answer = await questions.ask(gateway, { kind: "session", agent, session });
      return { gateway, answer };
    }),
  );
  const pins = answers.flatMap(({ answer }) => (answer?.kind === "session" ? answer.placements : []));
  const connected = new Set<string>(hub.connected());
  const away = hub.views().filter(({ gateway }) => !connected.has(gateway));
  return {
    // Gateways that share a store all find the same; where they differ, the pin stays that was moved most, then the first.
    pins: [...Map.groupBy(pins, (pin) => pin.agent).values()].flatMap(lasting),
    places: [
      ...answers.map(({ gateway, answer }) => placeOf(gateway, answer)),
      ...away.map(({ gateway }) => ({ where: `gateway ${gateway}`, outcome: "not connected", isAnswer: false })),
    ],
  };
}

function lasting(pins: readonly Why[]): readonly Why[] {
  const moves = ({ moved }: Why): number => moved?.times ?? 0;
  return pins.toSorted((a, b) => moves(b) - moves(a) || a.assignedAt - b.assignedAt).slice(0, 1);
}

function placeOf(gateway: GatewayId, answer: Awaited<ReturnType<GatewayQuestions["ask"]>>): Place {
  const where = `gateway ${gateway}`;
  if (answer === null) return { where, outcome: "no answer in time", isAnswer: false };
  if (answer.kind === "failed") return { where, outcome: `failed: ${answer.reason}`, isAnswer: false };
  const isFound = answer.kind === "session" && answer.placements.length > 0;
  return { where, outcome: isFound ? "a live pin" : "no live pin", isAnswer: true };
}

async function backgroundOf(key: SessionKey, { book, sessions }: WhyRoutesDeps): Promise<Background> {
  const moves = await sessions.movedSessions({ ...key, move: null, limit: MOST_MOVES });
  return {
    record: book.agent(key.agent),
    rollout: (id) => book.held(id)?.rollout ?? null,
    moved: new Set(moves.flatMap(({ from, to }) => [from, to])),
  };
}
