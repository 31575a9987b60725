import { createLearner, type GatewayId, type ShadowReason, type ShadowTurn } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { inOrderOf } from "../proxy/forward.ts";
import { traceContextOf } from "../proxy/trace-context.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedAgent } from "../table/route-index.ts";
import type { MirrorLimits } from "./mirror-budget.ts";
import type { MirrorCounts } from "./mirror-counts.ts";
import { permissionOf } from "./mirror-permission.ts";
import type { MirrorSpending } from "./mirror-spending.ts";
import { ShadowExchange, type ShadowExchangeDeps, type ShadowResult } from "./shadow-exchange.ts";
import { shadowHead } from "./shadow-head.ts";
import { shadowRecord, unsent } from "./shadow-record.ts";
import type { ShadowJob, ShadowSession } from "./shadow-session.ts";
import { translateIds } from "./translate-ids.ts";

export type MirrorLineDeps = Omit<ShadowExchangeDeps, "maxAnswerBytes"> & {
  readonly gateway: GatewayId;
  readonly held: Pick<HeldTable, "index" | "isFenced">;
  readonly record: (turn: ShadowTurn) => void;
  readonly newId: () => string;
  readonly randomHex: (bytes: number) => string;
  readonly now: () => number;
  /** Runs something when all that has just happened in the event loop is done: users come first. */
  readonly defer: (run: () => void) => void;
  readonly limits: MirrorLimits;
  readonly log: Log;
};

type Parts = { readonly counts: MirrorCounts; readonly spending: MirrorSpending };

/** Sessions with something to be sent, one turn of each after the other. */
export type MirrorLine = {
  readonly inFlight: number;
  add(session: ShadowSession, job: ShadowJob): void;
  /** To be called when a turn may have become ready. */
  settle(session: ShadowSession): void;
  /** A turn is not sent, and so nothing after it. */
  drop(session: ShadowSession, job: Pick<ShadowJob, "pin" | "user">, reason: ShadowReason): void;
  /** Nothing more is sent of the session, and what is under way ends. */
  end(session: ShadowSession, reason: ShadowReason): void;
  /** Ends the sessions for which there is a reason. */
  stop(reasonFor: (job: ShadowJob) => ShadowReason | null): void;
};

// oxlint-disable-next-line max-lines-per-function -- one state, and the few functions that may touch it
export function createMirrorLine(deps: MirrorLineDeps, { counts, spending }: Parts): MirrorLine {
  const busy = new Set<ShadowSession>();
  const line: ShadowSession[] = [];
  let inFlight = 0;
  let isAwaited = false;

  function settle(session: ShadowSession): void {
    if (session.jobs.length === 0) busy.delete(session);
    if (session.isInLine || session.ready() === null) return;
    session.isInLine = true;
    line.push(session);
    work();
  }

  function work(): void {
    if (isAwaited || line.length === 0 || inFlight >= deps.limits.inFlight) return;
    isAwaited = true;
    deps.defer(() => {
      isAwaited = false;
      while (inFlight < deps.limits.inFlight) {
        const session = line.shift();
        if (session === undefined) return;
        session.isInLine = false;
        const job = session.ready();
        if (job !== null) trySend(session, job);
      }
    });
  }

  /** Whatever goes wrong in here concerns no user. */
  function trySend(session: ShadowSession, job: ShadowJob): void {
    try {
      const reason = send(session, job);
      if (reason !== null) drop(session, job, reason);
    } catch (error) {
      deps.log.error("a mirrored turn failed inside the gateway", { reason: reasonOf(error) });
      if (session.underWay === null) drop(session, job, "internal");
      else session.underWay.abort("internal");
    }
  }

  /** Why it cannot be sent; null when it is. */
  function send(session: ShadowSession, job: ShadowJob): ShadowReason | null {
    const permission = permissionOf(job.pin, deps.held);
    if (permission.kind === "obstacle") return permission.reason;
    const { agent, mirror, release } = permission;
    const { copy, pin } = job;
    const { sessionExtractors: extractors, pathPrefix } = agent.route;
    const translation = translateIds({ ...copyOf(job) }, { extractors, session: pin.session, ids: session.ids });
    if (translation.kind === "unknown") return "id_unknown";
    const { request } = translation;
    const requestBytes = request.body.byteLength;
    if (spending.isSpent(mirror, { isNewSession: false, requestBytes })) return "cap_reached";
    const trace = traceContextOf(undefined, deps.randomHex, null);
    const begun = { id: deps.newId(), gateway: deps.gateway, traceId: trace.traceId, startedAt: deps.now() };
    const toShadow = {
      method: request.method,
      headFor: (upstream: Parameters<typeof shadowHead>[1]) =>
        shadowHead({ request, copy, pin, release, pathPrefix, trace }, upstream),
      body: request.body,
      upstreams: inOrderOf(pin.session, release.upstreams),
      timeoutMs: mirror.timeoutMs,
      learner: learnerOf(agent, session, job),
    };
    const exchange = new ShadowExchange(toShadow, { ...deps, maxAnswerBytes: deps.limits.answerBytes }, (result) => {
      const outcome = result.reason === null ? ("answered" as const) : ("failed" as const);
      ended(session, result);
      deps.record(shadowRecord(job, { ...begun, outcome, requestBytes, result }));
    });
    session.underWay = exchange;
    inFlight += 1;
    counts.add("mirrored");
    spending.add(mirror.rollout, { turns: 1, requestBytes });
    exchange.start();
    return null;
  }

  function ended(session: ShadowSession, { reason }: ShadowResult): void {
    inFlight -= 1;
    session.underWay = null;
    session.jobs.shift()?.copy.release();
    counts.outcome(reason === null ? "answered" : "failed", reason);
    if (reason !== null) abandon(session);
    settle(session);
    work();
  }

  function drop(session: ShadowSession, job: Pick<ShadowJob, "pin" | "user">, reason: ShadowReason): void {
    const at = session.jobs.findIndex((one) => one === job);
    if (at >= 0) session.jobs.splice(at, 1)[0]?.copy.release();
    abandon(session);
    settle(session);
    counts.outcome("dropped", reason);
    deps.record(
      shadowRecord(job, {
        id: deps.newId(),
        gateway: deps.gateway,
        traceId: deps.randomHex(16),
        startedAt: deps.now(),
        outcome: "dropped",
        requestBytes: 0,
        result: unsent(reason),
      }),
    );
  }

  function abandon(session: ShadowSession): void {
    if (!session.isAbandoned) counts.add("abandoned");
    session.isAbandoned = true;
    for (let left = session.dropQueue(); left > 0; left -= 1) counts.outcome("dropped", "session_abandoned");
  }

  function end(session: ShadowSession, reason: ShadowReason): void {
    const [job] = session.jobs;
    if (session.underWay !== null) session.underWay.abort(reason);
    else if (job !== undefined) drop(session, job, reason);
  }

  return {
    get inFlight() {
      return inFlight;
    },
    add(session, job) {
      session.jobs.push(job);
      busy.add(session);
    },
    settle,
    drop,
    end,
    stop(reasonFor) {
      for (const session of busy) {
        const [job] = session.jobs;
        const reason = job === undefined ? null : reasonFor(job);
        if (reason !== null) end(session, reason);
      }
    },
  };
}

function copyOf({ copy, path }: ShadowJob) {
  return { method: copy.method, path, query: copy.query, fields: copy.fields, body: copy.body() };
}

function learnerOf({ route, learners }: RoutedAgent, session: ShadowSession, { turn }: ShadowJob) {
  if (route.sessionLearners.length === 0) return null;
  return createLearner(learners, (rule, id) => session.ids.learned("shadow", turn, { rule, id }));
}
