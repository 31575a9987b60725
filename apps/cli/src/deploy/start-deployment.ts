import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openRegistry } from "@perch/adapters/release-registry";
import { readTrustDirectory, verifyRelease, type VerifiedRelease } from "@perch/adapters/sigstore";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { resolveName } from "../release/resolve-name.ts";
import { startAgentProcess, type AgentProcess, type AgentProcessOptions } from "./agent-process.ts";
import { claimPort } from "./free-port.ts";
import { listenForHook } from "./deployment-hook.ts";
import { materialize } from "./materialize.ts";

export type DeploymentOptions = {
  /** `support@2.3.1`, `support@sha256:…` or `support:stable`, which is looked up now. */
  readonly reference: string;
  readonly serverUrl: string;
  readonly dataDirectory: string;
  /** Where the release is. Default: `registry` in the data directory. */
  readonly registry?: string;
  /** Default: `trust` in the data directory. */
  readonly trustDirectory?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Added to this process's own environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly readyTimeoutMs?: number;
  /** How long to wait before each restart after a crash; as many restarts as there are entries. */
  readonly restartDelaysMs?: readonly number[];
  /** What happens to the deployment: a crash, a restart. */
  readonly onEvent?: (text: string) => void;
  /** Each line that the agent writes; default: a file in `logs` of the data directory. */
  readonly onLine?: (line: string) => void;
};

export type Deployment = {
  readonly agent: string;
  readonly version: string;
  readonly digest: string;
  readonly url: string;
  /** Null while it is down. */
  pid(): number | null;
  restarts(): number;
  /** Resolves when the agent crashed more often than it is restarted; never after `stop`. */
  readonly gaveUp: Promise<CliError>;
  /** Resolves when the server has decommissioned the release, whose program it had stopped before. */
  readonly decommissioned: Promise<void>;
  stop(): Promise<void>;
};

const READY_TIMEOUT_MS = 30_000;
const RESTART_DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000];
/** A run of this length makes the crashes before it forgotten. */
const STABLE_AFTER_MS = 60_000;

/**
 * Verifies a release, unpacks it, starts its program, waits until it is healthy and registers its URL with the server.
 * A crash is repaired by starting it again on the same port. Throws `ReleaseError` or `CliError`.
 */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { dataDirectory } = options;
  const client = createApiClient(options.serverUrl);
  const reference = await resolveName(options.reference, options.serverUrl);
  const trust = await readTrustDirectory(options.trustDirectory ?? join(dataDirectory, "trust"));
  const registry = openRegistry(options.registry ?? join(dataDirectory, "registry"), process.env);
  const release = await verifyRelease(registry, reference, { trust, now: new Date() });
  const port = await claimPort(options.port ?? 0);
  const output = openOutput(options, release);

  // The bytes that were verified are compared with what is on disk before every start, not only the first.
  const start = async (): Promise<AgentProcess> => startAgentProcess(await planOf(options, { release, port, output }));
  const url = `http://127.0.0.1:${port}`;
  const { agent, version } = release.manifest;
  let first: AgentProcess;
  try {
    first = await start();
  } catch (error) {
    output.close();
    throw error;
  }
  const kept = keepRunning(first, start, options);
  const { hook, decommissioned } = await heedServer(kept, `${agent}@${version}`, options);
  const stop = async (): Promise<void> => {
    hook.close();
    await kept.stop();
    output.close();
  };
  try {
    await client.registerDeployment({ release: `${agent}@${release.digest}`, url, hook: hook.url });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    agent,
    version,
    digest: release.digest,
    url,
    pid: kept.pid,
    restarts: kept.restarts,
    gaveUp: kept.gaveUp,
    decommissioned,
    stop,
  };
}

/** What the server says once the release has drained. */
async function heedServer(kept: Kept, name: string, { onEvent }: DeploymentOptions) {
  const { promise: decommissioned, resolve } = Promise.withResolvers<void>();
  const hook = await listenForHook({
    async scaleDown() {
      onEvent?.(`${name} has drained: its program is stopped`);
      await kept.stop();
    },
    async delete() {
      onEvent?.(`${name} is decommissioned`);
      resolve();
    },
  });
  return { hook, decommissioned };
}

type Output = { readonly onLine: (line: string) => void; readonly close: () => void };
type Plan = { readonly release: VerifiedRelease; readonly port: number; readonly output: Output };

async function planOf(options: DeploymentOptions, { release, port, output }: Plan): Promise<AgentProcessOptions> {
  const { directory, orchestrationDirectory, entrypoint } = await materialize(release, options.dataDirectory);
  const { agent, version } = release.manifest;
  return {
    label: `${agent}@${version}`,
    directory: orchestrationDirectory,
    entrypoint,
    port,
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    onLine: output.onLine,
    env: {
      ...process.env,
      ...options.env,
      // Meant for whoever fetched the release, not for the release.
      PERCH_REGISTRY_USERNAME: undefined,
      PERCH_REGISTRY_PASSWORD: undefined,
      HOST: "127.0.0.1",
      PORT: String(port),
      PERCH_RELEASE_DIR: directory,
      PERCH_RELEASE: release.digest,
      PERCH_AGENT: agent,
      PERCH_VERSION: version,
      OTEL_EXPORTER_OTLP_ENDPOINT: createApiClient(options.serverUrl).baseUrl,
    },
  };
}

function openOutput({ onLine, dataDirectory }: DeploymentOptions, release: VerifiedRelease): Output {
  if (onLine !== undefined) return { onLine, close: () => {} };
  const logs = join(dataDirectory, "logs");
  mkdirSync(logs, { recursive: true });
  const file = createWriteStream(join(logs, `${release.manifest.agent}-${release.manifest.version}.log`), {
    flags: "a",
  });
  return { onLine: (line) => void file.write(`${line}\n`), close: () => void file.end() };
}

type Kept = Pick<Deployment, "pid" | "restarts" | "gaveUp" | "stop">;

/** Starts the agent again when it ends by itself, after growing delays, until these are used up. */
function keepRunning(first: AgentProcess, start: () => Promise<AgentProcess>, options: DeploymentOptions): Kept {
  const delays = options.restartDelaysMs ?? RESTART_DELAYS_MS;
  const stopping = new AbortController();
  let current: AgentProcess | null = first;
  let restarts = 0;

  async function watch(): Promise<CliError> {
    let crashes = 0;
    let startedAt = Date.now();
    let how = await first.ended;
    for (;;) {
      current = null;
      if (stopping.signal.aborted) return never();
      crashes = Date.now() - startedAt > STABLE_AFTER_MS ? 1 : crashes + 1;
      const delay = delays[crashes - 1];
      if (delay === undefined) return gaveUp(options.reference, how, delays.length);
      options.onEvent?.(`${options.reference} ended (${how}); restart ${crashes} of ${delays.length} in ${delay} ms`);
      await sleep(delay, null, { signal: stopping.signal }).catch(() => null);
      if (stopping.signal.aborted) return never();
      startedAt = Date.now();
      restarts += 1;
      how = await runAgain();
    }
  }

  /** How the next run ended; a start that fails counts as one. */
  async function runAgain(): Promise<string> {
    try {
      const next = await start();
      current = next;
      if (stopping.signal.aborted) await next.stop();
      else options.onEvent?.(`${options.reference} is healthy again`);
      return await next.ended;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    pid: () => current?.pid ?? null,
    restarts: () => restarts,
    gaveUp: watch(),
    async stop() {
      stopping.abort();
      await current?.stop();
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function gaveUp(reference: string, how: string, restarts: number): CliError {
  return new CliError({
    code: "deployment_failed",
    message: `${reference} ended again (${how}) after ${restarts} restarts`,
    hint: "its own lines say why; the server still knows its URL: start it again with `perch deploy`",
  });
}
