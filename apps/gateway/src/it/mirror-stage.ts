import { Socket } from "node:net";
import type { RoutingTableMessage } from "@perch/api";
import { parseGatewayId, parseSessionId, placeSession, type GatewayRecord, type ShadowTurn } from "@perch/domain";
import { NO_FIELDS, type Fields } from "../http1/fields.ts";
import { ClientTurn } from "../proxy/client-turn.ts";
import type { ResponseTap } from "../proxy/response-tap.ts";
import type { AnswerEvents } from "../proxy/upstream-connection.ts";
import { createHeldTable } from "../table/held-table.ts";
import { parseTable } from "../table/parse-table.ts";
import { A_MIRROR, tableOf } from "./tables.ts";
import { createMirror, type MirrorDeps, type MirroredTurn } from "../mirror/create-mirror.ts";
import { MIRROR_LIMITS } from "../mirror/mirror-budget.ts";
import type { ShadowConnection } from "../mirror/shadow-exchange.ts";

/** One mirrored request, as the shadow got it, and its way to answer. */
export type Sent = {
  readonly head: string;
  readonly body: string;
  isAborted: boolean;
  answer(text: string, headers?: Readonly<Record<string, string>>): void;
  /** So much of an answer, without an end. */
  say(bytes: number): void;
  breakOff(): void;
};

export type Asking = {
  readonly session?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly isWebSocket?: boolean;
  /** False: the session began before the mirror. */
  readonly isMirrored?: boolean;
};

/** A user's turn that is under way. */
export type Asked = {
  readonly mirrored: MirroredTurn | null;
  readonly turn: ClientTurn;
  /** The whole body has come and gone on to the user's agent. */
  passOn(): void;
  /** The user's agent answers. */
  answer(text: string, headers?: Readonly<Record<string, string>>): void;
};

type AgentMessage = RoutingTableMessage["agents"][number];
type StageOptions = {
  readonly route?: Partial<AgentMessage>;
  readonly limits?: Partial<MirrorDeps["limits"]>;
  /** Nobody answers at the shadow's URL. */
  readonly isDead?: boolean;
};

/** A mirror for tests: no sockets, and time and the event loop go on when the test says so. */
export function createMirrorStage({ route, limits, isDead = false }: StageOptions = {}) {
  const clock = createStageClock();
  const held = createHeldTable(clock.now);
  let sequence = 0;
  const publish = (agent: Partial<AgentMessage> = {}): void => {
    sequence += 1;
    held.offer(stageTable(sequence, { ...route, ...agent }));
  };
  publish();
  const records: ShadowTurn[] = [];
  const sent: Sent[] = [];
  const mirror = createMirror({
    ...clock,
    gateway: parseGatewayId("gw-1"),
    held,
    pools: stagePools(sent, isDead),
    record: (turn: GatewayRecord) => void (turn.kind === "shadow" && records.push(turn)),
    newId: () => `id-${records.length}`,
    randomHex: (bytes) => "cd".repeat(bytes),
    tick: clock.now,
    limits: { ...MIRROR_LIMITS, ...limits },
    log: { info() {}, warn() {}, error: (message) => expectNothing(message) },
  });
  return {
    mirror,
    records,
    sent,
    publish,
    settle: () => clock.settle(),
    pass: (ms: number) => clock.pass(ms),
    ask: (asking: Asking = {}): Asked => ask(mirror, asking, clock.now()),
  };
}

function stageTable(sequence: number, agent: Partial<AgentMessage>) {
  const [baseline, canary] = [["http://127.0.0.1:1"], ["http://127.0.0.1:2"]];
  return parseTable(
    JSON.stringify(tableOf({ sequence, baseline, canary, leaseMs: 15_000, agent: { mirror: A_MIRROR, ...agent } })),
  );
}

function createStageClock() {
  let now = 1_000_000;
  const deferred: (() => void)[] = [];
  const timers = new Map<() => void, number>();
  /** All that waits for the event loop. */
  function settle(): void {
    for (let run = deferred.shift(); run !== undefined; run = deferred.shift()) run();
  }
  return {
    now: () => now,
    settle,
    defer: (run: () => void) => void deferred.push(run),
    later(ms: number, run: () => void) {
      timers.set(run, now + ms);
      return () => void timers.delete(run);
    },
    pass(ms: number) {
      now += ms;
      for (const [run, at] of timers) {
        if (at > now) continue;
        timers.delete(run);
        run();
      }
      settle();
    },
  };
}

function stagePools(sent: Sent[], isDead: boolean): MirrorDeps["pools"] {
  return {
    acquire(_, acquired) {
      if (isDead) acquired.failed(new Error("refused"));
      else acquired.ready(connectionOf(sent));
    },
    giveBack() {},
    keepOnly() {},
    sweep() {},
    close() {},
  };
}

function expectNothing(message: string): never {
  throw new Error(`logged: ${message}`);
}

function connectionOf(sent: Sent[]): ShadowConnection {
  let [head, body] = ["", ""];
  let events: AnswerEvents | null = null;
  const begin = (headers: Readonly<Record<string, string>>): void =>
    events?.answerBegins({
      status: 200,
      reason: "OK",
      fields: fieldsOf(headers),
      lines: "",
      framing: { kind: "chunked" },
      keepsAlive: true,
    });
  const one: Sent = {
    get head() {
      return head;
    },
    get body() {
      return body;
    },
    isAborted: false,
    answer(text, headers = {}) {
      begin({ "content-type": "application/json", ...headers });
      events?.answerData([Buffer.from(text)]);
      events?.answerEnds(NO_FIELDS);
    },
    say(bytes) {
      begin({});
      events?.answerData([Buffer.alloc(bytes)]);
    },
    breakOff: () => events?.failed({ kind: "reset", reason: "gone" }),
  };
  return {
    ask(_, asking) {
      events = asking;
      return {
        begin: (text) => void (head += text),
        data: (pieces) => void (body += Buffer.concat(pieces).toString("latin1")),
        end() {},
        flush: () => true,
      };
    },
    requestEnded: () => void sent.push(one),
    abort: () => {
      one.isAborted = true;
    },
  };
}

function fieldsOf(headers: Readonly<Record<string, string>>): Fields {
  const names = Object.keys(headers);
  return { names, keys: names.map((name) => name.toLowerCase()), values: Object.values(headers) };
}

function ask(mirror: ReturnType<typeof createMirror>, asking: Asking, startedAt: number): Asked {
  const { session = "session-1", body = "", path = "/chat" } = asking;
  const [route] = stageTable(1, {}).agents;
  if (route === undefined) throw new Error("no agent");
  const first = {
    session: parseSessionId(session),
    revision: { epoch: 1, sequence: 1 },
    gateway: parseGatewayId("gw-1"),
  };
  const placed = placeSession({ ...first, route, candidate: null, leaseExpired: false, now: startedAt });
  const pin = asking.isMirrored === false ? { ...placed, shadow: null } : placed;
  const turn = turnOf(asking);
  const trace = {
    traceId: "ab".repeat(16),
    spanId: "cd".repeat(8),
    parentSpanId: null,
    traceparent: "its own",
    isContinued: false,
    isSampled: true,
  };
  const mirrored = mirror.begin({ turn, pin, trace, startedAt, agentPath: path });
  const tap: ResponseTap | null = mirrored?.tap(null) ?? null;
  return {
    mirrored,
    turn,
    passOn() {
      turn.body.sendTo({ bodyData: () => true, bodyEnd() {} });
      for (const byte of body.match(/.{1,7}/gs) ?? []) turn.body.push([Buffer.from(byte)]);
      turn.body.finish(NO_FIELDS);
    },
    answer(text, given = {}) {
      const all: Readonly<Record<string, string>> = { "content-type": "application/json", ...given };
      void tap?.head(200, (name) => all[name]);
      void tap?.chunk(Buffer.from(text));
      mirrored?.userEnded();
    },
  };
}

function turnOf({ method, path = "/chat", query = "", headers = {}, isWebSocket = false }: Asking): ClientTurn {
  return new ClientTurn(
    {
      method: method ?? "POST",
      path: `/support${path}`,
      query,
      isHttp10: false,
      fields: fieldsOf({ host: "support.example", ...headers }),
      framing: { kind: "chunked" },
      keepsAlive: true,
      expectsContinue: false,
      isWebSocket,
    },
    {
      socket: new Socket(),
      writer: { begin() {}, data() {}, end() {}, flush: () => true },
      remoteAddress: "127.0.0.9",
      isDraining: () => false,
      endTurn() {},
      takeOver: () => ({ socket: new Socket(), incoming: { take() {} }, rest: Buffer.alloc(0) }),
    },
  );
}
