import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Hono } from "hono";
import {
  type AgentName,
  type ArgumentSchemas,
  type Ledger,
  type PriceList,
  type ReleaseFactsSource,
  type ReleaseContentSource,
  type ReleaseSource,
  type Rollout,
  type RolloutId,
  type SentimentScorer,
  type ServerState,
  type TransactionStore,
  type SessionEvidence,
  type SessionKey,
  type TargetProbe,
} from "@perch/domain";
import { FIGURES_LAG_MS } from "@perch/api";
import type { OpenTraceStore } from "@perch/adapters/clickhouse";
import { createAgentRoutes } from "./api/agent-routes.ts";
import { createApp } from "./api/app.ts";
import { createClockRoutes } from "./api/clock-routes.ts";
import { createDiffRoutes } from "./api/diff-routes.ts";
import { createConsoleRoutes } from "./api/console-routes.ts";
import { createExplorerRoutes } from "./api/explorer-routes.ts";
import { createPairRoutes } from "./api/pair-routes.ts";
import { createKillRoutes } from "./api/kill-routes.ts";
import { createPointerRoutes } from "./api/pointer-routes.ts";
import { createLedgerRoutes } from "./api/ledger-routes.ts";
import { createLiveFeed, type LiveFeed } from "./api/live-feed.ts";
import { createPlanRoutes } from "./api/plan-routes.ts";
import { createReportRoutes } from "./api/report-routes.ts";
import { createRolloutRoutes } from "./api/rollout-routes.ts";
import { createScorerRoutes } from "./api/scorer-routes.ts";
import { createSessionRoutes } from "./api/session-routes.ts";
import { createFiguresSource } from "./api/session-figures.ts";
import { createViews } from "./api/views.ts";
import { createWhyRoutes } from "./api/why-routes.ts";
import { createCheckRoutes, type CheckRoutesDeps } from "./checks/check-routes.ts";
import { createGrpcCalls, type GrpcCalls } from "./collector/grpc-calls.ts";
import type { IngestGate } from "./collector/ingest-gate.ts";
import type { Intake } from "./collector/intake.ts";
import { openIntake } from "./collector/open-intake.ts";
import { createCollectorRoutes } from "./collector/routes.ts";
import { openBook, type Book } from "./controller/book.ts";
import { createControl } from "./controller/create-control.ts";
import { createPublisher } from "./controller/publisher.ts";
import { idleTimeout, lateness } from "./controller/session-wishes.ts";
import { createCalling } from "./hooks/create-calling.ts";
import type { HookWorkerDeps } from "./hooks/hook-worker.ts";
import { createGatewayHub } from "./gateways/hub.ts";
import { createPinCounts } from "./gateways/pin-counts.ts";
import { createGatewayQuestions } from "./gateways/questions.ts";
import { createGatewayRoutes } from "./gateways/routes.ts";
import type { Log } from "@perch/adapters/json-log";
import { refuseTakenPlaces } from "./refuse-taken-places.ts";
import type { RouteOptions } from "./route-options.ts";
import { createLoops, type Loops } from "./loops.ts";
import { figuresOf, type Figures } from "./metrics/figures.ts";
import { followMoves, type FollowMovesDeps } from "./moves/follow-moves.ts";
import { createMoveReports } from "./moves/move-reports.ts";
import type { Term } from "./leading/term.ts";
import { createMoveRoutes } from "./moves/move-routes.ts";
import { outlookOf, type FollowRetirementsDeps } from "./retirements/follow-retirements.ts";
import { openJudging, type JudgingDeps } from "./scoring/create-judging.ts";
import { createToolEndpoints } from "./transactions/tool-endpoints.ts";
import { createTransactions } from "./transactions/create-transactions.ts";
import { createAttributionCounts } from "./sessions/attribution-counts.ts";
import { openAssembler } from "./sessions/open-assembler.ts";
import { knownReleasesOf } from "./sessions/releases-of-book.ts";

export type ServerDeps = {
  /** During which it leads. Afterwards it decides and publishes nothing. */
  readonly term: Term;
  readonly ledger: Ledger;
  readonly state: ServerState;
  readonly transactions: TransactionStore;
  readonly traces: Omit<OpenTraceStore, "close">;
  readonly releases: ReleaseSource;
  readonly contents: ReleaseContentSource;
  /** Models and tools of releases. */
  readonly facts: ReleaseFactsSource;
  readonly argumentSchemas: ArgumentSchemas;
  readonly prices: PriceList;
  readonly sentiment: SentimentScorer;
  /** Asks whether a release is there before sessions are sent back to it. */
  readonly probe: TargetProbe;
  /** The longest that the controller waits for sessions; 20 s unless said. */
  readonly readDeadlineMs?: number;
  /** Who judges sessions that are over; nobody unless said. */
  readonly scoring?: Pick<JudgingDeps, "scorers" | "store">;
  /** Open to everybody unless said. */
  readonly ingestGate?: IngestGate;
  /** Webhooks and notifications. Nobody is called unless said. */
  readonly hooks?: Pick<HookWorkerDeps, "sender" | "settings">;
  /** Which server it is, for checks; made up unless said. */
  readonly about?: Pick<CheckRoutesDeps, "version" | "dataDirectory">;
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps; of a made-up clock its own. */
  readonly tick: () => number;
  /** Null on a server that lives by the real clock. */
  readonly setNow: ((now: number) => void) | null;
  readonly log: Log;
  readonly settings: RouteOptions & {
    readonly notice: string;
    readonly latenessMs: number;
    readonly idleTimeoutMs: number;
    readonly leaseMs: number;
    /** How much of the content of each span is kept; nothing unless said. */
    readonly contentCharacters?: number;
    readonly consoleDirectory: string;
  };
};

/** Everything of the server but its clock's ticking and its port. */
export type Server = {
  readonly app: Hono;
  /** OTLP/gRPC, which has a port of its own. */
  readonly grpcCalls: GrpcCalls;
  readonly epoch: number;
  readonly figures: () => Figures;
  /** Matures sessions and reconciles every rollout, once. Never throws: what fails is tried again next time. */
  turn(): Promise<void>;
  /** When no webhook or notification is under way any more. */
  hooksSettled(): Promise<void>;
  /** Has sessions judged that are over. To be called a few times a second; returns at once. */
  judge(): void;
  /** To be called at least three times a lease. */
  renewLeases(): Promise<void>;
  /** Asks the gateways how many live pins each release has, and counts open transactions. To be called every few seconds. */
  countPins(): Promise<void>;
  /** Sends followers of pages what has changed. */
  flush(): Promise<void>;
  beat(): void;
};

const NOBODY: Required<ServerDeps>["about"] = { version: "0.0.0", dataDirectory: null };

export async function createServer(deps: ServerDeps): Promise<Server> {
  const core = await createCore(deps);
  const loops = createLoops(core, deps);
  const feed = createLiveFeed(core.views);
  const intake = openIntake(core, deps);
  const routes = routesOf({ core, loops, feed, intake }, deps);
  const app = createApp({ log: deps.log, views: core.views, feed, routes });
  return {
    app,
    grpcCalls: createGrpcCalls(intake, deps.log),
    epoch: deps.term.epoch,
    figures: () => figuresOf({ ...core, intake, epoch: deps.term.epoch }),
    turn: loops.turn,
    async hooksSettled() {
      await core.hooks.settled();
      await core.deploymentHooks.settled();
      await core.transactionHooks.settled();
    },
    judge: () => core.judging.turn(),
    renewLeases: () => core.hub.renewLeases(),
    async countPins() {
      await Promise.all([core.pinCounts.refresh(), core.transactions.refresh()]);
    },
    flush: () => feed.flush(),
    beat: () => feed.beat(),
  };
}

export type Core = Awaited<ReturnType<typeof createCore>>;

/** What the server knows and decides, without a clock that ticks. */
async function createCore({ now, tick, log, settings, traces, term, ...deps }: ServerDeps) {
  traces.store.beginTerm(term.epoch);
  const hub = await createGatewayHub({ now, tick, term, state: deps.state, leaseMs: settings.leaseMs, log });
  const publisher = createPublisher({ book: () => book, hub, defaults: settings, now });
  // What is recorded and what is published are of one epoch, also after it has moved past a gateway's.
  const epochNow = (): number => hub.revision().epoch;
  const onRecorded = (): void => {
    publisher.publish();
    void known.learn();
  };
  const book: Book = await openBook({ ledger: deps.ledger, epoch: epochNow, onRecorded });
  const known = knownReleasesOf(book, { ...deps, log });
  refuseTakenPlaces(book, settings.places);
  publisher.publish();
  const idleTimeoutMs = (): number => idleTimeout(book.rollouts(), settings.idleTimeoutMs, now());
  const questions = createGatewayQuestions({ hub, newId: randomUUID, wait: waitQuietly });
  const pinCounts = createPinCounts({ hub, questions, now, idleTimeoutMs });
  const transactions = createTransactions({ book, sessions: traces.sessions, store: deps.transactions, now, log });
  const judging = openJudging(deps.scoring, { traces: traces.store, now, log });
  const attribution = createAttributionCounts();
  const onEvidence = (all: readonly SessionEvidence[]): void => attribution.note(all);
  const awaitsScores = (session: SessionKey): boolean => judging.awaits(session);
  const assembler = await openAssembler({
    ...settings,
    book,
    known,
    prices: deps.prices,
    awaitsScores,
    onEvidence,
    store: traces.store,
    now,
  });
  const reports = createMoveReports({ hub, publisher });
  const { contents } = deps;
  const moving: FollowMovesDeps = { book, contents, reports, idleTimeoutMs, now, log };
  const follow = (): Promise<void> => followMoves(moving);
  const seen = { traces, now, idleTimeoutMs, latenessMs: () => lateness(book.rollouts(), settings.latenessMs, now()) };
  const control = createControl({ ...deps, ...seen, book, hub, publisher, log, followMoves: follow });
  const maxAgeMs = deps.setNow === null ? FIGURES_LAG_MS : 0;
  const { sessions, pairs } = traces;
  const isLast = ({ plan, id }: Rollout): boolean => lastRolloutOf(plan.agent, book) === id;
  const figures = createFiguresSource({ ...control, sessions, pairs, now, maxAgeMs, idleTimeoutMs, isLast });
  const lifecycle = { store: deps.transactions, endpoints: createToolEndpoints(deps.facts) };
  const calling = createCalling({ ...deps.hooks, ...lifecycle, book, hub, now, log });
  const retiring: FollowRetirementsDeps = { ...moving, publisher, hub, pinCounts, transactions };
  const { notice } = settings;
  const views = createViews({ book, hub, publisher, pinCounts, figures, sessions, ...calling, now, notice });
  const gateways = { hub, questions, pinCounts, transactions, judging, attribution };
  const kept = { idleTimeoutMs, book, assembler, figures, views, moving, retiring, known };
  return { ...control, ...gateways, ...calling, ...kept };
}

function lastRolloutOf(agent: AgentName, book: Book): RolloutId | null {
  return book.rollouts().findLast(({ plan }) => plan.agent === agent)?.id ?? null;
}

/** Keeps no process alive. */
async function waitQuietly(ms: number): Promise<void> {
  await wait(ms, undefined, { ref: false });
}

function routesOf(
  { core, loops, feed, intake }: { core: Core; loops: Loops; feed: LiveFeed; intake: Intake },
  { traces, state, now, setNow, ledger, releases, contents, facts, settings, about = NOBODY }: ServerDeps,
): readonly Hono[] {
  const { book, hub, controller, watches, views, moving } = core;
  const followGateways = async (): Promise<void> => {
    await controller.reconcileSync();
    await followMoves(moving);
  };
  const { pinCounts, transactions } = core;
  const ofAgents = { book, now, places: settings.places, pinCounts, transactions, nextOf: outlookOf(core.retiring) };
  const applying = { book, releases, facts, now, isSynthetic: setNow !== null };
  return [
    createCollectorRoutes(intake),
    createMoveRoutes({ ...moving, sessions: traces.sessions, onReport: () => followMoves(moving) }),
    createGatewayRoutes({ hub, questions: core.questions, pinCounts, onAck: followGateways }),
    createAgentRoutes({ ...ofAgents, releases }),
    createKillRoutes({ ...ofAgents, onRecorded: () => controller.reconcileAll() }),
    createPointerRoutes({ book, releases, now, ledger }),
    createRolloutRoutes({ ...applying, watches, views, feed, ledger, onRecorded: followGateways }),
    createPlanRoutes({ book, contents, facts, ...traces, now, idleTimeoutMs: core.idleTimeoutMs }),
    createReportRoutes({ book, ledger, views, contents, ...traces, now }),
    createWhyRoutes({ book, hub, questions: core.questions, sessions: traces.sessions }),
    createSessionRoutes({ ...ofAgents, sessions: traces.sessions, idleTimeoutMs: core.idleTimeoutMs }),
    createScorerRoutes(core.judging),
    createCheckRoutes({ ...about, state, traces, hub, questions: core.questions, now, newId: randomUUID }),
    createExplorerRoutes({ book, now, ...traces }),
    createLedgerRoutes(ledger),
    createPairRoutes({ book, pairs: traces.pairs }),
    createDiffRoutes({ contents, book }),
    createClockRoutes({ now, setNow, turn: loops.settle, book }),
    createConsoleRoutes(settings.consoleDirectory),
  ];
}
