import {
  agentViewSchema,
  collectorViewSchema,
  deploymentViewSchema,
  forecastSchema,
  gatewayViewSchema,
  ledgerEntrySchema,
  ledgerPageSchema,
  moveViewSchema,
  overviewSchema,
  pointerViewSchema,
  problemSchema,
  reportSchema,
  rolloutViewSchema,
  scorersViewSchema,
  serverChecksSchema,
  sessionListSchema,
  sessionPathsSchema,
  whyAnswerSchema,
  type AgentView,
  type CancelMove,
  type CollectorView,
  type DeploymentRequest,
  type DeploymentView,
  type ForecastView,
  type GatewayView,
  type LedgerEntryView,
  type KillRequest,
  type LedgerPage,
  type MovePointer,
  type MoveRequest,
  type MoveView,
  type Overview,
  type PointerView,
  type RemovePointer,
  type ReportView,
  type ReviveRequest,
  type RolloutCommand,
  type RolloutView,
  type ScorersView,
  type ServerChecks,
  type SessionList,
  type SessionPaths,
  type WhyAnswer,
} from "@perch/api";
import { CliError } from "./cli-error.ts";
import { readServerEvents } from "./read-server-events.ts";

export type CommandInput = Pick<RolloutCommand, "reason" | "actor"> & Partial<RolloutCommand>;
export type RolloutVerb = "pause" | "resume" | "promote" | "rollback" | "undo" | "abort";

/** The server's HTTP API. Every call throws `CliError`: `server_unreachable`, `request_refused` or `answer_invalid`. */
export interface ApiClient {
  readonly baseUrl: string;
  overview(): Promise<Overview>;
  agents(): Promise<readonly AgentView[]>;
  agent(name: string): Promise<AgentView>;
  gateways(): Promise<readonly GatewayView[]>;
  registerDeployment(request: DeploymentRequest): Promise<DeploymentView>;
  /** `force`: why a quarantined release is tried again; null: it is refused. */
  startRollout(yaml: string, force?: string | null): Promise<RolloutView>;
  /** What the file would do. `traffic`: sessions a minute; null: as seen lately. */
  planRollout(yaml: string, traffic: number | null): Promise<ForecastView>;
  rollouts(): Promise<readonly RolloutView[]>;
  rollout(id: string): Promise<RolloutView>;
  /** The rollout each time it changes, until the server ends the stream or `signal` aborts. */
  watchRollout(id: string, signal?: AbortSignal): AsyncGenerator<RolloutView>;
  commandRollout(id: string, verb: RolloutVerb, command: CommandInput): Promise<RolloutView>;
  ledger(id: string): Promise<readonly LedgerEntryView[]>;
  /** Everything about a rollout, with at most so many calls of writing tools. */
  report(id: string, calls: number): Promise<ReportView>;
  /** Entries of all subjects behind a sequence, oldest first. */
  ledgerPage(after: number): Promise<LedgerPage>;
  /** What was decided about an agent: releases admitted, deployments, pointers moved. */
  agentLedger(agent: string): Promise<readonly LedgerEntryView[]>;
  /** Of sessions, from release to release; newest first. */
  moves(agent: string): Promise<readonly MoveView[]>;
  startMove(agent: string, request: MoveRequest): Promise<MoveView>;
  cancelMove(agent: string, move: string, body: CancelMove): Promise<MoveView>;
  collector(): Promise<CollectorView>;
  scorers(): Promise<ScorersView>;
  /** Has the server try what it lives on. */
  checks(): Promise<ServerChecks>;
  /** `query` is that of `GET /v1/sessions`. */
  sessions(query: Readonly<Record<string, string>>): Promise<SessionList>;
  sessionPaths(session: string, agent: string | null): Promise<SessionPaths>;
  why(session: string, agent: string | null): Promise<WhyAnswer>;
  killAgent(agent: string, body: KillRequest): Promise<AgentView>;
  reviveAgent(agent: string, body: ReviveRequest): Promise<AgentView>;
  pointers(agent: string): Promise<readonly PointerView[]>;
  pointer(agent: string, pointer: string): Promise<PointerView>;
  movePointer(agent: string, pointer: string, body: MovePointer): Promise<PointerView>;
  removePointer(agent: string, pointer: string, body: RemovePointer): Promise<PointerView>;
}

type Schema<T> = {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: { issues: readonly { path: PropertyKey[] }[] } };
};
type Call = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
};

const REQUEST_TIMEOUT_MS = 30_000;

export function createApiClient(baseUrl: string): ApiClient {
  const base = parseBaseUrl(baseUrl);
  const get = <T>(path: string, schema: Schema<T>): Promise<T> => request(base, { method: "GET", path }, schema);
  const sendJson = <T>(method: "POST" | "PUT" | "DELETE", call: { path: string; body: unknown }, schema: Schema<T>) =>
    request(base, { method, path: call.path, body: JSON.stringify(call.body), type: "application/json" }, schema);
  const postJson = <T>(path: string, body: unknown, schema: Schema<T>): Promise<T> =>
    sendJson("POST", { path, body }, schema);
  const postYaml = <T>(path: string, body: string, schema: Schema<T>): Promise<T> =>
    request(base, { method: "POST", path, body, type: "application/yaml" }, schema);
  return {
    baseUrl: base,
    overview: () => get("/v1/overview", overviewSchema),
    agents: () => get("/v1/agents", agentViewSchema.array()),
    agent: (name) => get(agentPath(name), agentViewSchema),
    gateways: () => get("/v1/gateways", gatewayViewSchema.array()),
    registerDeployment: (body) => postJson("/v1/deployments", body, deploymentViewSchema),
    startRollout: (yaml, force = null) => postYaml(startPath(force), yaml, rolloutViewSchema),
    planRollout: (yaml, traffic) =>
      postYaml(`/v1/rollouts/plan${traffic === null ? "" : `?traffic=${traffic}`}`, yaml, forecastSchema),
    rollouts: () => get("/v1/rollouts", rolloutViewSchema.array()),
    rollout: (id) => get(rolloutPath(id), rolloutViewSchema),
    commandRollout: (id, verb, command) => postJson(`${rolloutPath(id)}/${verb}`, command, rolloutViewSchema),
    report: (id, calls) => get(`${rolloutPath(id)}/report?calls=${calls}`, reportSchema),
    ledger: (id) => get(`${rolloutPath(id)}/ledger`, ledgerEntrySchema.array()),
    ledgerPage: (after) => get(`/v1/ledger?after=${after}`, ledgerPageSchema),
    agentLedger: (agent) => get(`${agentPath(agent)}/ledger`, ledgerEntrySchema.array()),
    moves: (agent) => get(`${agentPath(agent)}/moves`, moveViewSchema.array()),
    startMove: (agent, body) => postJson(`${agentPath(agent)}/moves`, body, moveViewSchema),
    cancelMove: (agent, move, body) =>
      sendJson("DELETE", { path: `${agentPath(agent)}/moves/${encodeURIComponent(move)}`, body }, moveViewSchema),
    collector: () => get("/v1/collector", collectorViewSchema),
    scorers: () => get("/v1/scorers", scorersViewSchema),
    checks: () => get("/v1/checks", serverChecksSchema),
    sessions: (query) => get(`/v1/sessions?${new URLSearchParams(query).toString()}`, sessionListSchema),
    sessionPaths: (session, agent) =>
      get(withQuery(`/v1/sessions/${encodeURIComponent(session)}`, ofAgent(agent)), sessionPathsSchema),
    why: (session, agent) => get(withQuery("/v1/why", { session, ...ofAgent(agent) }), whyAnswerSchema),
    killAgent: (agent, body) => postJson(`${agentPath(agent)}/kill`, body, agentViewSchema),
    reviveAgent: (agent, body) => sendJson("DELETE", { path: `${agentPath(agent)}/kill`, body }, agentViewSchema),
    pointers: (agent) => get(`${agentPath(agent)}/pointers`, pointerViewSchema.array()),
    pointer: (agent, name) => get(pointerPath(agent, name), pointerViewSchema),
    movePointer: (agent, name, body) => sendJson("PUT", { path: pointerPath(agent, name), body }, pointerViewSchema),
    removePointer: (agent, name, body) =>
      sendJson("DELETE", { path: pointerPath(agent, name), body }, pointerViewSchema),
    watchRollout: (id, signal) => watchRollout(base, id, signal ?? null),
  };
}

async function* watchRollout(base: string, id: string, signal: AbortSignal | null): AsyncGenerator<RolloutView> {
  const path = `${rolloutPath(id)}/stream`;
  const response = await send(base, { method: "GET", path }, signal);
  for await (const event of readServerEvents(response)) {
    if (event.name === "rollout") yield parseAnswer(event.data, rolloutViewSchema, `GET ${path}`);
  }
}

function startPath(force: string | null): string {
  return force === null ? "/v1/rollouts" : `/v1/rollouts?${new URLSearchParams({ force }).toString()}`;
}

function agentPath(name: string): string {
  return `/v1/agents/${encodeURIComponent(name)}`;
}

function pointerPath(agent: string, name: string): string {
  return `${agentPath(agent)}/pointers/${encodeURIComponent(name)}`;
}

function rolloutPath(id: string): string {
  return `/v1/rollouts/${encodeURIComponent(id)}`;
}

function ofAgent(agent: string | null): Readonly<Record<string, string>> {
  return agent === null ? {} : { agent };
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}

function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href.replace(/\/+$/, "");
  throw new CliError({
    code: "usage",
    message: `found server address ${JSON.stringify(text)}, expected a URL such as http://127.0.0.1:7400`,
    hint: "give the URL that `perch up` prints",
  });
}

async function request<T>(base: string, call: Call, schema: Schema<T>): Promise<T> {
  const response = await send(base, call, AbortSignal.timeout(REQUEST_TIMEOUT_MS));
  return parseAnswer(await response.text(), schema, `${call.method} ${call.path}`);
}

async function send(base: string, call: Call, signal: AbortSignal | null): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${base}${call.path}`, {
      method: call.method,
      signal,
      ...(call.body === undefined ? {} : { body: call.body }),
      headers: call.type === undefined ? {} : { "content-type": call.type },
    });
  } catch (error) {
    throw unreachable(base, error);
  }
  if (!response.ok) throw await refusal(response, call);
  return response;
}

function unreachable(base: string, error: unknown): CliError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new CliError({
    code: "server_unreachable",
    message: `no answer from the server at ${base}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "start it with `perch up`, or give its URL with --server",
    cause: error,
  });
}

async function refusal(response: Response, call: Call): Promise<CliError> {
  const text = await response.text();
  const problem = problemSchema.safeParse(tryJson(text));
  if (!problem.success) {
    return new CliError({
      code: "answer_invalid",
      message: `${call.method} ${call.path} answered ${response.status} without a problem that could be read`,
      hint: "is this the URL of a Perch server? `perch up` prints it",
    });
  }
  const { message, hint, problems } = problem.data.error;
  return new CliError({
    code: "request_refused",
    message,
    hint,
    problems: problems?.map(({ message, line, column }) => ({
      message,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    })),
  });
}

function parseAnswer<T>(text: string, schema: Schema<T>, what: string): T {
  const parsed = schema.safeParse(tryJson(text));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.slice(0, 3).map((issue) => issue.path.map(String).join(".") || "the whole");
  throw new CliError({
    code: "answer_invalid",
    message: `the answer to ${what} is not what this version of perch expects (at ${places.join(", ")})`,
    hint: "use the same version of perch for the server and the command line",
  });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
