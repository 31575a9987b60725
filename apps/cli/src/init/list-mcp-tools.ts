import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Client, StreamableHTTPClientTransportOptions } from "@modelcontextprotocol/client";
import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { parseJsonValue } from "./json-object.ts";
import { splitCommand } from "./split-command.ts";

export type McpServer = {
  /** The URL of a server, or the command line that starts one. */
  readonly target: string;
  /** Sent to a server with a URL; never written anywhere. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

const MOST_PAGES = 100;
const MOST_BYTES = 32 * 1024 * 1024;
const LIST_LIMITS = { depth: 200, nodes: 2_000_000 };
const LAST_LINES = 15;
/** The SDK asks a server to end, tells it after two seconds, and kills it after two more. */
const LONGEST_END_MS = 5000;

type Transport = Parameters<Client["connect"]>[0];
type Opened = {
  readonly transport: Transport;
  readonly lastLines: () => readonly string[];
  /** To be called after closing: nothing that was started is left behind. */
  readonly untilGone: () => Promise<void>;
};

/** The answer of `tools/list`, all pages. Throws `CliError` that says why there is none, with the server's last words. */
export async function listMcpTools(server: McpServer): Promise<readonly JsonValue[]> {
  const { Client } = await import("@modelcontextprotocol/client");
  const opened = await open(server);
  const client = new Client(
    { name: "perch", version: "1" },
    { listMaxPages: MOST_PAGES, versionNegotiation: { mode: "auto", probe: { timeoutMs: server.timeoutMs / 3 } } },
  );
  const limits = { timeout: server.timeoutMs, signal: AbortSignal.timeout(server.timeoutMs) };
  try {
    await client.connect(opened.transport, limits);
    const { tools } = await client.listTools({}, limits);
    return tools.map((tool) => parseJsonValue(tool, `a tool of ${nameOf(server)}`, LIST_LIMITS));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw failureOf(cause, server, opened.lastLines());
  } finally {
    await client.close().catch(() => null);
    // A connection that never came about is not the client's to close.
    await opened.transport.close().catch(() => null);
    await opened.untilGone();
  }
}

function isUrl(target: string): boolean {
  return /^https?:\/\//i.test(target);
}

async function open({ target, headers }: McpServer): Promise<Opened> {
  if (isUrl(target)) {
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    const options = { requestInit: { headers }, fetch: fetchBounded };
    const transport = new StreamableHTTPClientTransport(parseUrl(target), options);
    return { transport, lastLines: () => [], untilGone: async () => undefined };
  }
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const [command, ...args] = splitCommand(target);
  // The whole environment, as a shell would give it: servers look for their tokens there.
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
  const transport = new StdioClientTransport({ command, args, env, stderr: "pipe", maxBufferSize: MOST_BYTES });
  let said = "";
  const { stderr } = transport;
  stderr?.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString("utf8")}`.slice(-20_000)));
  // The SDK does not wait for a server that it closes itself. What it says last ends with it.
  let ended: Promise<unknown> = Promise.resolve();
  stderr?.once("pipe", () => {
    ended = once(stderr, "end").catch(() => null);
  });
  return {
    transport,
    lastLines: () => said.trimEnd().split("\n").slice(-LAST_LINES),
    async untilGone() {
      const waiting = new AbortController();
      const longest = delay(LONGEST_END_MS, undefined, { signal: waiting.signal }).catch(() => null);
      await Promise.race([ended, longest]);
      waiting.abort();
    },
  };
}

function parseUrl(target: string): URL {
  if (URL.canParse(target)) {
    const url = new URL(target);
    if (url.username === "" && url.password === "") return url;
  }
  throw new CliError({
    code: "input_invalid",
    message: "found an MCP server's URL that cannot be used, expected http:// or https:// without user and password",
    hint: 'give credentials as a header: --mcp-header "Authorization: Bearer …"',
  });
}

const fetchBounded: NonNullable<StreamableHTTPClientTransportOptions["fetch"]> = async (url, init) => {
  const response = await fetch(url, init);
  if (response.body === null || response.status !== 200) return response;
  let left = MOST_BYTES;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left >= 0) controller.enqueue(chunk);
      else controller.error(new Error(`an answer of more than ${MOST_BYTES} bytes`));
    },
  });
  return new Response(response.body.pipeThrough(bounded), response);
};

function nameOf({ target }: McpServer): string {
  return isUrl(target)
    ? `the MCP server ${parseUrl(target).origin}`
    : `the MCP server ${JSON.stringify(target.slice(0, 200))}`;
}

function failureOf(cause: unknown, server: McpServer, lastLines: readonly string[]): CliError {
  const reason = reasonOf(cause);
  const isLocked = /\b40[13]\b|unauthorized|forbidden/i.test(reason);
  const lines = lastLines.filter((line) => line.trim() !== "").map((line) => `  | ${line}`);
  return new CliError({
    code: isLocked ? "request_refused" : "server_unreachable",
    message: [`found no list of tools at ${nameOf(server)}: ${reason}`, ...lines].join("\n"),
    hint: hintFor(server, isLocked),
    cause,
  });
}

function hintFor({ target, timeoutMs }: McpServer, isLocked: boolean): string {
  if (isLocked) return 'give the token that it wants: --mcp-header "Authorization: Bearer …"';
  const slow = `one that is slow to start gets more than ${timeoutMs / 1000} s with --mcp-timeout`;
  if (isUrl(target)) return `the URL must be that of its streamable HTTP endpoint, often …/mcp; ${slow}`;
  return `the command must start a server that speaks MCP on stdin and stdout; ${slow}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (/TimeoutError|timed out/i.test(`${error.name} ${error.message}`)) return "it did not answer in time";
  const below = error.cause instanceof Error && error.cause.message !== "" ? ` (${error.cause.message})` : "";
  return `${error.message}${below}`.slice(0, 500);
}
