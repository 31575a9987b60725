import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { digestOf } from "@perch/domain";
import { freePort } from "@perch/testkit/servers";
import type { ControlServer } from "./control-server.ts";
import { programFor, startPinned, untilListening, type Pinned, type PinnedOptions } from "./processes.ts";

export type Proxy = { readonly url: string; readonly process: Pinned };

const GATEWAY = fileURLToPath(import.meta.resolve("@perch/gateway/main"));
const BASELINE = digestOf("bench 1.0.0");
const CANARY = digestOf("bench 1.0.1");

/** An nginx as a process of its own, one worker. `http` is what stands inside its `http` block. */
export async function startNginx(
  { name, scratch, http }: { name: string; scratch: string; http: string },
  options: PinnedOptions & { readonly port: number },
): Promise<Pinned> {
  const directory = join(scratch, name);
  mkdirSync(directory, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(" ");
  const file = join(directory, "nginx.conf");
  await writeFile(
    file,
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr crit;
events { worker_connections 45000; }
http { access_log off; ${temporary} keepalive_requests 1000000000; keepalive_timeout 600s; ${http} }
`,
  );
  const nginx = startPinned([programFor("nginx"), "-p", directory, "-c", file], options);
  await untilListening(options.port);
  return nginx;
}

/** Answers everything at once with a small JSON. */
export async function startUpstream(
  scratch: string,
  core: number,
): Promise<{ url: string; port: number; nginx: Pinned }> {
  const port = await freePort();
  const answer = JSON.stringify({ answer: "x".repeat(100) });
  const http = `server { listen 127.0.0.1:${port} backlog=4096;
    location / { default_type application/json; return 200 '${answer}'; } }`;
  const nginx = await startNginx({ name: "upstream", scratch, http }, { core, port });
  return { url: `http://127.0.0.1:${port}`, port, nginx };
}

/** What the gateway tells an agent and a client about a request, as far as nginx knows it. */
const TOLD = `
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Host $host;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Arm $arm;
  proxy_set_header X-Session $http_x_session_id; proxy_set_header Traceparent 00-$request_id-0000000000000001-01;
  add_header X-Arm $arm; add_header X-Session $http_x_session_id;`;

/** A line for each request, with what a turn record has of it. */
const RECORD = `log_format turn escape=json '{"id":"$request_id","session":"$http_x_session_id","arm":"$arm",'
  '"startedAt":$msec,"durationMs":$request_time,"firstByteMs":"$upstream_header_time","status":$status,'
  '"requestBytes":$request_length,"responseBytes":$bytes_sent}';`;

/**
 * `split_clients` on the session's header. `isBare`: it does nothing else; otherwise it does the rest of the gateway's job
 * too, and writes a line for each request as the gateway keeps a record of it.
 */
export async function startSplittingNginx(
  scratch: string,
  { core, upstreamPort, isBare }: { readonly core: number; readonly upstreamPort: number; readonly isBare: boolean },
): Promise<Proxy> {
  const port = await freePort();
  const name = isBare ? "bare-split" : "split";
  const upstream = (arm: string): string =>
    `upstream ${arm} { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; }`;
  const more = isBare ? "" : `${TOLD} access_log ${scratch}/turns.log turn;`;
  const http = `${RECORD} ${upstream("baseline")} ${upstream("canary")}
    split_clients "$http_x_session_id" $arm { 5% canary; * baseline; }
    server { listen 127.0.0.1:${port} backlog=4096;
      location / { proxy_pass http://$arm; proxy_http_version 1.1; proxy_set_header Connection ""; ${more} } }`;
  const nginx = await startNginx({ name, scratch, http }, { core, port });
  return { url: `http://127.0.0.1:${port}/support/chat`, process: nginx };
}

export async function startSplittingHaproxy(scratch: string, core: number, upstreamPort: number): Promise<Proxy> {
  const { port, process } = await startHaproxy({
    file: join(scratch, "haproxy.cfg"),
    core,
    upstreamPort,
    settings: ["maxconn 4000"],
    rules: [
      "http-reuse always",
      "option forwardfor",
      "http-request set-header X-Session %[req.hdr(x-session-id)]",
      "http-request set-header Traceparent 00-%[uuid()]-0000000000000001-01",
    ],
    sessions: "1m",
    canaryPercent: 5,
  });
  return { url: `http://127.0.0.1:${port}/support/chat`, process };
}

export type HaproxyOptions = {
  readonly file: string;
  readonly core: number;
  readonly upstreamPort: number;
  /** Lines of `global`. */
  readonly settings: readonly string[];
  /** Lines of the backend. */
  readonly rules: readonly string[];
  /** So many sessions it remembers, `100k`. */
  readonly sessions: string;
  readonly canaryPercent: number;
};

/** One HAProxy that keeps each session on the server, baseline or canary, that it was given first. */
export async function startHaproxy(options: HaproxyOptions): Promise<{ port: number; process: Pinned }> {
  const { file, core, upstreamPort, sessions, canaryPercent } = options;
  const port = await freePort();
  const lines = (own: readonly string[]): string => own.map((line) => `  ${line}\n`).join("");
  await writeFile(
    file,
    `global
  nbthread 1
${lines(options.settings)}defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend in
  bind 127.0.0.1:${port}
  default_backend releases
backend releases
  balance random
${lines(options.rules)}  http-response set-header X-Arm %s
  stick-table type string len 64 size ${sessions} expire 30m
  stick on req.hdr(x-session-id)
  server baseline 127.0.0.1:${upstreamPort} weight ${100 - canaryPercent}
  server canary 127.0.0.1:${upstreamPort} weight ${canaryPercent}
`,
  );
  const process = startPinned([programFor("haproxy"), "-db", "-f", file], { core });
  await untilListening(port);
  return { port, process };
}

type GatewayOptions = PinnedOptions & { readonly control: Pick<ControlServer, "url">; readonly agent?: string };

/** The gateway as in production: its real process, pins and turn records in SQLite. */
export async function startGateway(
  scratch: string,
  { control, agent = "support", ...options }: GatewayOptions,
): Promise<Proxy> {
  const node = [process.execPath, GATEWAY, "--port", "0", "--data", join(scratch, "data"), "--server", control.url];
  const gateway = startPinned(node, options);
  const { stdout } = gateway.child;
  if (stdout === null) throw new Error("found no output of the gateway");
  for await (const line of createInterface(stdout)) {
    return { url: `${JSON.parse(line).url}/${agent}/chat`, process: gateway };
  }
  throw new Error("the gateway ended before it was ready");
}

/** Two releases; the canary gets this share of new sessions. */
export function tableOf(sequence: number, upstreamUrl: string, weightBp: number): { revision: { sequence: number } } {
  const table = {
    revision: { epoch: 1, sequence },
    leaseMs: 30_000,
    agents: [
      {
        agent: "support",
        pathPrefix: "/support",
        current: BASELINE,
        canary: { rollout: "bench-1-0-1", step: 1, seed: "bench", weightBp, release: CANARY },
        releases: [
          { release: BASELINE, version: "1.0.0", urls: [upstreamUrl] },
          { release: CANARY, version: "1.0.1", urls: [upstreamUrl] },
        ],
        sessionExtractors: [{ kind: "header", name: "x-session-id" }],
        idleTimeoutMs: 1_800_000,
      },
    ],
  };
  return table;
}
