import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";

export type PostgresServer = {
  readonly port: number;
  /** Of the database `postgres`, with the password where there is one. */
  readonly url: string;
  readonly pid: () => number;
  /** A new, empty database. */
  readonly createDatabase: () => Promise<string>;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Starts it again, on the same port and data. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const READY_AFTER_MS = 60_000;
const USER = "perch";

/** The directory of `initdb` and `postgres`: Debian's package `postgresql` keeps them off the PATH. Null without them. */
export function findPostgres(): string | null {
  const debian = globSync("/usr/lib/postgresql/*/bin").toSorted((a, b) => versionIn(b) - versionIn(a));
  const directories = [...debian, ...(process.env["PATH"] ?? "").split(delimiter)];
  const hasBoth = (directory: string): boolean =>
    ["initdb", "postgres"].every((name) => existsSync(join(directory, name)));
  return directories.find(hasBoth) ?? null;
}

/** Starts an empty cluster on a free loopback port, in a directory of its own. */
export async function startPostgresServer({ password }: { readonly password?: string } = {}): Promise<PostgresServer> {
  const programs = findPostgres();
  if (programs === null) throw new Error("found no initdb and postgres; Debian has them as postgresql");
  const user = unprivileged();
  const directory = await mkdtemp(join(tmpdir(), "perch-postgres-"));
  if (user !== null) await chown(directory, user.uid, user.gid);
  const start: Start = { programs, data: join(directory, "data"), port: await freePort(), user };
  await initialize(start, { directory, password });
  let child = await launch(start);
  let databases = 0;
  const urlOf = (database: string): string =>
    `postgres://${USER}${password === undefined ? "" : `:${password}`}@127.0.0.1:${start.port}/${database}`;
  return {
    port: start.port,
    url: urlOf("postgres"),
    pid: () => child.pid ?? 0,
    async createDatabase() {
      const name = `test${(databases += 1)}`;
      await run(join(programs, "createdb"), ["-h", "127.0.0.1", "-p", String(start.port), "-U", USER, name], {
        env: { ...process.env, ...(password === undefined ? {} : { PGPASSWORD: password }) },
      });
      return urlOf(name);
    },
    kill: () => end(child, "SIGKILL"),
    async restart() {
      await end(child, "SIGKILL");
      // What a killed one leaves: its children, for a moment, and the note of its process id.
      await sleep(200);
      child = await launch(start);
    },
    async stop() {
      await end(child, "SIGQUIT");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type User = { readonly uid: number; readonly gid: number };
type Start = {
  readonly programs: string;
  readonly data: string;
  readonly port: number;
  /** Null: who we are. */
  readonly user: User | null;
};

/** PostgreSQL refuses to run as root. */
function unprivileged(): User | null {
  if (process.getuid?.() !== 0) return null;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8")) ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

async function initialize(
  { programs, data, user }: Start,
  { directory, password }: { readonly directory: string; readonly password: string | undefined },
): Promise<void> {
  const args = ["-D", data, "-U", USER, "-E", "UTF8", "--no-locale", "--no-sync"];
  if (password === undefined) args.push("-A", "trust");
  else {
    const file = join(directory, "password");
    await writeFile(file, `${password}\n`);
    args.push("-A", "scram-sha-256", "--pwfile", file);
  }
  await run(join(programs, "initdb"), args, user ?? {});
}

async function launch({ programs, data, port, user }: Start): Promise<ChildProcess> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    // The operating system keeps what a killed process has written.
    fsync: "off",
    shared_buffers: "16MB",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(programs, "postgres"), ["-D", data, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    ...user,
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2000)));
  const giveUpAt = Date.now() + READY_AFTER_MS;
  while (Date.now() < giveUpAt && child.exitCode === null) {
    if (said.includes("ready to accept connections") && (await isListening(port))) return child;
    await sleep(30);
  }
  await end(child, "SIGKILL");
  throw new Error(`postgres did not get ready on port ${port}: ${said}`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function run(program: string, args: readonly string[], options: Partial<User> & { env?: NodeJS.ProcessEnv }) {
  const child = spawn(program, [...args], { stdio: ["ignore", "ignore", "pipe"], cwd: tmpdir(), ...options });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said.slice(-2000)}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

function versionIn(path: string): number {
  return Number(/\/(\d+)\//.exec(path)?.[1] ?? 0);
}
