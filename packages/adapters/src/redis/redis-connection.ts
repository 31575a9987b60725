import { createHash } from "node:crypto";
import { createClient } from "@redis/client";
import type { RedisAddress } from "./redis-address.ts";
import { RedisError } from "./redis-error.ts";

export type RedisScript = { readonly source: string; readonly sha: string };
export type RedisReply = string | number | null | readonly RedisReply[];

/** One connection to a server, which may be away at any time: then every command fails, at once or after a short wait. */
export type RedisConnection = {
  /** Runs a script on keys of one slot. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>;
  send(command: readonly string[]): Promise<RedisReply>;
  close(): Promise<void>;
};

export type RedisConnectionOptions = {
  readonly address: RedisAddress;
  /** Called when the server goes away and when it is back. */
  readonly onChange: (isUp: boolean, reason: string) => void;
  readonly timeoutMs: number;
};

/** For so long nothing is sent after a command went unanswered: not every user has to wait for a server that hangs. */
const PAUSE_MS = 1000;
/** So many unanswered in a row, and the connection itself is suspect: a new one is made. */
const MOST_UNANSWERED = 3;
const [RETRY_AFTER_MS, RETRY_AT_MOST_MS] = [50, 2000];
/** Commands that wait for an answer; more than any burst of requests. */
const MOST_WAITING = 20_000;

export function redisScript(source: string): RedisScript {
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/** Resolves when connected, or after the time of one command: a server that is away is waited for in the background. */
export async function openRedisConnection(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { address, timeoutMs } = options;
  const health = createHealth(options);
  let { client, connected } = start(options, health);
  await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);

  async function send(command: readonly string[]): Promise<RedisReply> {
    health.check();
    try {
      const reply = await within(timeoutMs, client.sendCommand([...command]), address);
      health.noteAnswer();
      return parseReply(reply);
    } catch (error) {
      if (!(error instanceof RedisError)) throw named(error, address);
      if (health.noteSilence() >= MOST_UNANSWERED) {
        client.destroy();
        client = start(options, health).client;
        health.noteAnswer();
      }
      throw error;
    }
  }

  return {
    send,
    async run({ source, sha }, keys, args) {
      const rest = [String(keys.length), ...keys, ...args];
      try {
        return await send(["EVALSHA", sha, ...rest]);
      } catch (error) {
        // A server that was restarted knows no scripts.
        if (!isUnknownScript(error)) throw error;
        return await send(["EVAL", source, ...rest]);
      }
    },
    async close() {
      client.destroy();
    },
  };
}

function start(options: RedisConnectionOptions, health: Health) {
  const client = clientFor(options.address);
  client.on("ready", () => health.noteUp());
  client.on("error", (error: unknown) => health.noteDown(named(error, options.address).message));
  // Rejects when it is closed before the server ever answered; until then it tries again.
  return { client, connected: client.connect().catch(() => {}) };
}

function clientFor({ host, port, isTls, database, username, password }: RedisAddress) {
  const reconnectStrategy = (retries: number): number =>
    // Not all gateways at the same moment.
    Math.min(RETRY_AFTER_MS * 2 ** Math.min(retries, 10), RETRY_AT_MOST_MS) * (0.5 + Math.random() / 2);
  const connecting = { host, port, connectTimeout: RETRY_AT_MOST_MS, reconnectStrategy, keepAlive: true };
  return createClient({
    socket: isTls ? { ...connecting, tls: true } : connecting,
    database,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_WAITING,
    // Only known to newer servers, and of no use here.
    disableClientInfo: true,
    maintNotifications: "disabled",
  });
}

type Health = ReturnType<typeof createHealth>;

function createHealth({ address, onChange }: RedisConnectionOptions) {
  let isUp: boolean | null = null;
  let unanswered = 0;
  let pausedUntil = 0;
  const change = (next: boolean, reason: string): void => {
    if (isUp !== next) onChange(next, reason);
    isUp = next;
  };
  return {
    check(): void {
      if (performance.now() < pausedUntil) throw timedOut(address);
    },
    noteUp: () => change(true, `connected to ${address.shown}`),
    noteDown: (reason: string) => change(false, reason),
    noteAnswer(): void {
      unanswered = 0;
    },
    /** How many times in a row commands went unanswered; those that were under way together count once. */
    noteSilence(): number {
      if (performance.now() < pausedUntil) return 0;
      unanswered += 1;
      pausedUntil = performance.now() + PAUSE_MS;
      return unanswered;
    },
  };
}

async function within<Reply>(timeoutMs: number, reply: Promise<Reply>, address: RedisAddress): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut(address)), timeoutMs);
  });
  try {
    return await Promise.race([reply, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function timedOut({ shown }: RedisAddress): RedisError {
  return new RedisError({
    code: "redis_timed_out",
    message: `${shown} has not answered in time`,
    hint: "see whether that server is overloaded, or cut off",
  });
}

function named(error: unknown, { shown }: RedisAddress): RedisError {
  const reason = error instanceof AggregateError ? error.errors.map(String).join("; ") : String(error);
  const isReply = error instanceof Error && /^[A-Z]+ /.test(error.message);
  return new RedisError({
    code: isReply ? "redis_refused" : "redis_unreachable",
    message: isReply ? `${shown} refused a command: ${error.message}` : `${shown} cannot be reached: ${reason}`,
    hint: isReply ? "see that server's settings: password, user, database" : "start that server, or correct --pins",
    cause: error,
  });
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof RedisError && error.cause instanceof Error && error.cause.message.startsWith("NOSCRIPT");
}

function parseReply(reply: unknown): RedisReply {
  if (reply === null || typeof reply === "string" || typeof reply === "number") return reply;
  if (Array.isArray(reply)) return reply.map(parseReply);
  throw new TypeError(`found a reply of type ${typeof reply}, expected text, a number or a list`);
}
