import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import type { Asked } from "./agents.ts";
import { readAnswer, type Answer } from "./read-answer.ts";
import type { Attempt, Conversation, Outcome, SessionKind } from "./history.ts";
import type { Plan } from "./plan.ts";
import { planSession, type PlannedSession, type PlannedTurn } from "./plan-session.ts";

export type Clients = {
  /** Sessions begun. */
  readonly begun: () => number;
  /** All sessions, at the plan's pace as far as the gateways keep up. */
  readonly run: () => Promise<readonly Conversation[]>;
};

export type ClientsDeps = {
  readonly plan: Plan;
  readonly agent: string;
  readonly gatewayUrls: readonly string[];
  readonly now: () => number;
  /** How many sessions may have begun by now. */
  readonly mayBegin: () => number;
};

const MOST_IN_FLIGHT = 400;
const MOST_BEHIND = 50;
const CONNECTIONS = 128;
/** A client tries again for longer than anything is away. */
const GIVES_UP_AFTER_MS = 30_000;

/** What a client remembers between two turns. */
type Memory = {
  /** `x-session-id` or the like; null until an answer gave it. */
  session: string | null;
  pin: string | null;
};

export function createClients(deps: ClientsDeps): Clients {
  const { plan, gatewayUrls } = deps;
  const pools = gatewayUrls.map((url) => new Pool(url, { connections: CONNECTIONS, headersTimeout: 20_000 }));
  const conversations: Conversation[] = [];
  const traffic = { deps, pools, attempts: 0, inFlight: 0 };
  let begun = 0;
  return {
    begun: () => begun,
    async run() {
      let due = 0;
      let looked = performance.now();
      const running = new Set<Promise<void>>();
      while (begun < plan.sessions) {
        const passedMs = performance.now() - looked;
        looked += passedMs;
        // What could not begin in time is not made up for: the pace stays.
        due = Math.min(deps.mayBegin(), begun + MOST_BEHIND, due + (passedMs / 1000) * plan.sessionsPerSecond);
        for (; begun < Math.floor(due) && traffic.inFlight < MOST_IN_FLIGHT; begun += 1) {
          const session = planSession(plan, begun);
          const one = converse(session, traffic).then((held) => void conversations.push(...held));
          running.add(one);
          void one.finally(() => running.delete(one));
        }
        await delay(5);
      }
      await Promise.all(running);
      await Promise.all(pools.map((pool) => pool.destroy()));
      return conversations;
    },
  };
}

type Traffic = {
  readonly deps: ClientsDeps;
  readonly pools: readonly Pool[];
  attempts: number;
  inFlight: number;
};

/** Several, when a first answer was lost with the id in it: then the client begins anew. */
async function converse(session: PlannedSession, traffic: Traffic): Promise<Conversation[]> {
  const { kind, echo, turns, twinGateway } = session;
  const conversations: (Conversation & { readonly attempts: Attempt[] })[] = [];
  const begin = (): Conversation & { readonly attempts: Attempt[] } => {
    const name = conversations.length === 0 ? session.name : `${session.name}.${conversations.length}`;
    const conversation = { name, kind, echo, attempts: [], unanswered: 0 };
    conversations.push(conversation);
    return conversation;
  };
  const namesItself = kind === "header" || kind === "json";
  const memory: Memory = { session: namesItself ? session.name : null, pin: null };
  let current = begin();
  for (const [index, planned] of turns.entries()) {
    if (index > 0) await delay(planned.waitMs);
    const turn = { index, planned, isLast: index === turns.length - 1, memory, session };
    const twin = index === 0 ? twinGateway : null;
    const twinAttempt = twin === null ? null : attempt({ ...turn, gateway: twin, conversation: current.name }, traffic);
    const isAnswered = await insist(turn, traffic, {
      conversation: () => current.name,
      note(made) {
        current.attempts.push(made);
        if (made.outcome.kind !== "answered" && index === 0 && !namesItself) current = begin();
      },
    });
    if (twinAttempt !== null) current.attempts.push(await twinAttempt);
    if (!isAnswered) conversations[conversations.length - 1] = { ...current, unanswered: turns.length - index };
    if (!isAnswered) break;
  }
  return conversations.filter(({ attempts, unanswered }) => attempts.length > 0 || unanswered > 0);
}

type Turn = {
  readonly index: number;
  readonly planned: PlannedTurn;
  readonly isLast: boolean;
  readonly memory: Memory;
  readonly session: PlannedSession;
};

type Notebook = { readonly conversation: () => string; readonly note: (made: Attempt) => void };

/** Asks one gateway after the other until one answers. */
async function insist(turn: Turn, traffic: Traffic, { conversation, note }: Notebook): Promise<boolean> {
  const giveUpAt = performance.now() + GIVES_UP_AFTER_MS;
  for (let tries = 0; performance.now() < giveUpAt; tries += 1) {
    const gateway = (turn.planned.gateway + tries) % traffic.pools.length;
    const made = await attempt({ ...turn, gateway, conversation: conversation() }, traffic);
    note(made);
    if (made.outcome.kind === "answered") return true;
    await delay(Math.min(400, 20 * 2 ** tries));
  }
  return false;
}

type Try = Turn & { readonly gateway: number; readonly conversation: string };

async function attempt(wanted: Try, traffic: Traffic): Promise<Attempt> {
  const { deps, pools } = traffic;
  const { index: turn, gateway, conversation, memory, session } = wanted;
  const presents = memory.pin !== null && session.echo !== "none";
  const named = memory.session;
  traffic.attempts += 1;
  const id = traffic.attempts;
  traffic.inFlight += 1;
  const sentAt = deps.now();
  const outcome = await ask(pools[gateway], requestOf(wanted, { id, agent: deps.agent }));
  const endedAt = deps.now();
  traffic.inFlight -= 1;
  if (outcome.kind === "answered") learn(memory, outcome, session.kind);
  return {
    id,
    conversation,
    turn,
    gateway: deps.plan.gateways[gateway]?.id ?? "",
    sentAt,
    endedAt,
    named,
    presents,
    outcome: outcome.kind === "answered" ? outcome.answered : outcome,
  };
}

function learn(memory: Memory, { answered, pin, mcpSession, response }: Answer, kind: PlannedSession["kind"]): void {
  if (pin !== null) memory.pin = pin;
  if (kind === "cookie") memory.session = answered.session;
  // Later answers of an MCP server name the session again; a client keeps the first.
  if (kind === "mcp") memory.session ??= mcpSession;
  if (kind === "responses") memory.session = response ?? memory.session;
}

/** Where a request names its session. */
const NAMED_IN: Readonly<Record<SessionKind, { readonly place: "header" | "body" | "cookie"; readonly name: string }>> =
  {
    header: { place: "header", name: "x-session-id" },
    json: { place: "body", name: "session" },
    cookie: { place: "cookie", name: "perch_session" },
    mcp: { place: "header", name: "mcp-session-id" },
    responses: { place: "body", name: "previous_response_id" },
  };

type Parts = {
  readonly headers: Record<string, string>;
  readonly cookies: string[];
  readonly body: Record<string, unknown>;
};

function nameSession(session: string, kind: SessionKind, { headers, cookies, body }: Parts): void {
  const { place, name } = NAMED_IN[kind];
  if (place === "header") headers[name] = session;
  if (place === "body") body[name] = session;
  if (place === "cookie") cookies.push(`${name}=${session}`);
}

type Request = { readonly path: string; readonly headers: Record<string, string>; readonly body: string };

function requestOf(
  { conversation, memory, session, planned, isLast, index }: Try,
  { id, agent }: { readonly id: number; readonly agent: string },
): Request {
  const { kind, echo } = session;
  const headers: Record<string, string> = {
    "content-type": "application/json",
    traceparent: `00-${id.toString(16).padStart(32, "0")}-00000000000000ff-01`,
  };
  const body: Record<string, unknown> = {
    check: {
      attempt: id,
      conversation,
      teaches: kind === "responses" || (kind === "mcp" && index === 0) ? kind : null,
      isLast,
      delayMs: planned.agentMs,
    } satisfies Asked,
  };
  const cookies: string[] = [];
  if (memory.session !== null) nameSession(memory.session, kind, { headers, cookies, body });
  if (memory.pin !== null && echo === "header") headers["x-perch-pin"] = memory.pin;
  if (memory.pin !== null && echo === "cookie") cookies.push(`perch_pin=${memory.pin}`);
  if (cookies.length > 0) headers["cookie"] = cookies.join("; ");
  return { path: `/${agent}/chat`, headers, body: JSON.stringify(body) };
}

async function ask(pool: Pool | undefined, request: Request): Promise<Answer | Exclude<Outcome, { kind: "answered" }>> {
  if (pool === undefined) throw new Error("no such gateway");
  try {
    const { statusCode, headers, body } = await pool.request({ method: "POST", ...request });
    return readAnswer({ status: statusCode, headers, text: await body.text() });
  } catch (error) {
    return { kind: "broken", reason: error instanceof Error ? error.message : String(error) };
  }
}
