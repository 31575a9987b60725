import { createLearner, type Pin, type ShadowReason } from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import { fieldOf } from "../http1/fields.ts";
import type { ClientTurn } from "../proxy/client-turn.ts";
import type { Forwarding } from "../proxy/exchange.ts";
import type { ResponseTap } from "../proxy/response-tap.ts";
import type { UpstreamPools } from "../proxy/upstream-pools.ts";
import { createRecentMap } from "../pins/recent-map.ts";
import { createMirrorBudget } from "./mirror-budget.ts";
import { createMirrorCounts, type MirrorStatus } from "./mirror-counts.ts";
import { createMirrorLine, type MirrorLineDeps } from "./mirror-line.ts";
import { permissionOf } from "./mirror-permission.ts";
import { createMirrorSpending } from "./mirror-spending.ts";
import { RequestCopy } from "./request-copy.ts";
import type { ShadowPools } from "./shadow-exchange.ts";
import { shadowRecord, unsent } from "./shadow-record.ts";
import { ShadowSession, type ShadowedPin, type ShadowJob } from "./shadow-session.ts";

/** A turn that is mirrored, while the user's own is under way. */
export type MirroredTurn = {
  /** Learns from the user's answer which ids the agent gave, in front of what looks at it anyway. */
  tap(inner: ResponseTap | null): ResponseTap | null;
  /** The user's turn is over, whatever became of it. */
  userEnded(): void;
};

export type ToMirror = Pick<Forwarding, "turn" | "pin" | "trace" | "startedAt"> & {
  /** As the agent sees it, without the query. */
  readonly agentPath: string;
};

/** Sends the turns of some sessions a second time, to a shadow release. No user waits for it, or notices that it fails. */
export type Mirror = {
  /** To be called before the request is forwarded. Null when its session is not mirrored, or not any more. */
  begin(request: ToMirror): MirroredTurn | null;
  /** Ends what the table in force no longer allows. To be called when it changes, and from time to time. */
  review(): void;
  status(): MirrorStatus;
  stop(): void;
};

export type MirrorDeps = Omit<MirrorLineDeps, "pools"> & {
  readonly pools: ShadowPools & Pick<UpstreamPools, "keepOnly" | "sweep" | "close">;
};

// oxlint-disable-next-line max-lines-per-function -- one state, and the few functions that may touch it
export function createMirror(deps: MirrorDeps): Mirror {
  const { limits, held } = deps;
  const [counts, spending] = [createMirrorCounts(), createMirrorSpending()];
  const budget = createMirrorBudget(limits);
  const line = createMirrorLine(deps, { counts, spending });
  // With a session that is forgotten goes what is under way and what waits: what comes of it later begins in the middle.
  const sessions = createRecentMap<ShadowSession>(limits.sessions, (session) => line.end(session, "queue_full"));

  function sessionOf({ agent, session, shadow }: ShadowedPin): ShadowSession {
    const key = `${shadow.rollout} ${session}`;
    const known = sessions.get(agent, key) ?? new ShadowSession();
    sessions.set(agent, key, known);
    return known;
  }

  function begin(request: ToMirror, pin: ShadowedPin): MirroredTurn | null {
    const session = sessionOf(pin);
    if (session.isAbandoned) {
      counts.outcome("dropped", "session_abandoned");
      return null;
    }
    const user = { trace: request.trace, startedAt: request.startedAt };
    if (isListener(request.turn)) {
      skip({ pin, user });
      return null;
    }
    const permission = permissionOf(pin, held);
    const copy = new RequestCopy(
      request.turn,
      { budget, maxBytes: limits.requestBytes },
      { complete: () => line.settle(session), overflow: (reason) => line.drop(session, job, reason) },
    );
    const reason = obstacleTo(request.turn, copy, { permission, session });
    if (reason !== null || permission.kind === "obstacle") {
      line.drop(session, { pin, user }, reason ?? "mirror_ended");
      return null;
    }
    if (!session.hasBegun()) {
      counts.add("sessions");
      spending.add(permission.mirror.rollout, { sessions: 1 });
    }
    const job: ShadowJob = { turn: session.nextTurn(), pin, path: request.agentPath, user, copy };
    line.add(session, job);
    request.turn.body.watch(copy);
    const { route, learners } = permission.agent;
    const learner =
      route.sessionLearners.length === 0
        ? null
        : createLearner(learners, (rule, id) => session.ids.learned("user", job.turn, { rule, id }));
    return {
      tap: (inner) => (learner === null ? inner : both(learner, inner)),
      userEnded() {
        if (!copy.isComplete && session.jobs.includes(job)) line.drop(session, job, "not_passed_on");
      },
    };
  }

  function obstacleTo(
    turn: ClientTurn,
    copy: RequestCopy,
    { permission, session }: { permission: ReturnType<typeof permissionOf>; session: ShadowSession },
  ): ShadowReason | null {
    if (permission.kind === "obstacle") return permission.reason;
    if (turn.request.isWebSocket) return "websocket";
    const next = { isNewSession: !session.hasBegun(), requestBytes: 0 };
    return spending.isSpent(permission.mirror, next) ? "cap_reached" : copy.begin(turn);
  }

  function skip(job: Pick<ShadowJob, "pin" | "user">): void {
    counts.outcome("skipped", "listener");
    const [id, traceId] = [deps.newId(), deps.randomHex(16)];
    const common = { id, gateway: deps.gateway, traceId, startedAt: deps.now(), requestBytes: 0 };
    deps.record(shadowRecord(job, { ...common, outcome: "skipped", result: unsent("listener") }));
  }

  return {
    begin(request) {
      try {
        return isShadowed(request.pin) ? begin(request, request.pin) : null;
      } catch (error) {
        deps.log.error("a turn was not mirrored", { reason: reasonOf(error) });
        return null;
      }
    },
    review() {
      line.stop(({ pin }) => {
        const permission = permissionOf(pin, held);
        return permission.kind === "obstacle" ? permission.reason : null;
      });
      const index = held.index();
      const mirrors = [...(index?.agents.values() ?? [])].flatMap(({ route }) => route.mirror ?? []);
      spending.keepOnly(new Set(mirrors.map(({ rollout }) => rollout)));
      deps.pools.keepOnly(mirrors.length === 0 || index === null ? new Set() : index.origins);
      deps.pools.sweep();
    },
    status: () => ({
      ...counts.counts(),
      queueBytes: budget.bytes,
      queued: budget.requests - line.inFlight,
      inFlight: line.inFlight,
    }),
    stop() {
      line.stop(() => "gateway_stopped");
      deps.pools.close();
    },
  };
}

function isShadowed(pin: Pin): pin is ShadowedPin {
  return pin.shadow !== null;
}

/** A client that only listens for what its MCP server says unasked: it would be held open for ever, and says nothing. */
function isListener({ request }: ClientTurn): boolean {
  if (request.method !== "GET" || fieldOf(request.fields, "accept")?.includes("text/event-stream") !== true)
    return false;
  const { keys } = request.fields;
  return keys.includes("mcp-session-id") || keys.includes("mcp-protocol-version");
}

function both(learner: ReturnType<typeof createLearner>, inner: ResponseTap | null): ResponseTap {
  return {
    head(status, header) {
      learner.head(status, header);
      return inner?.head(status, header);
    },
    chunk(bytes) {
      learner.chunk(bytes);
      return inner?.chunk(bytes);
    },
  };
}
