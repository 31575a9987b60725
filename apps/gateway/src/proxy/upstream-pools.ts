import type { Socket } from "node:net";
import { connectTo } from "./connect-to.ts";
import type { Incoming } from "./incoming.ts";
import { UpstreamConnection, type UpstreamConnectionDeps } from "./upstream-connection.ts";

export type Acquired = {
  ready(connection: UpstreamConnection): void;
  /** No connection, so nothing has reached the agent. */
  failed(error: Error): void;
};

/** Kept-alive connections to each origin of the table, as many as there are open answers: none waits for another. */
export type UpstreamPools = {
  acquire(origin: string, acquired: Acquired): void;
  /** A connection that was acquired, and not used after all. */
  giveBack(origin: string, connection: UpstreamConnection): void;
  /** Closes idle connections to every other origin; those in use are closed when their answer is complete. */
  keepOnly(origins: ReadonlySet<string>): void;
  /** Closes what has been idle for too long. */
  sweep(): void;
  close(): void;
  /** By origin. */
  counts(): ReadonlyMap<string, PoolCounts>;
};

/** Connections, and those of them that wait for a request. */
export type PoolCounts = { readonly open: number; readonly idle: number };

export type UpstreamPoolsDeps = Pick<UpstreamConnectionDeps, "llhttp" | "tick" | "patienceMs">;

type Pool = { readonly idle: UpstreamConnection[]; open: number; isKept: boolean };

export function createUpstreamPools(deps: UpstreamPoolsDeps): UpstreamPools {
  const pools = new Map<string, Pool>();

  function poolOf(origin: string): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = { idle: [], open: 0, isKept: true };
    pools.set(origin, pool);
    return pool;
  }

  return {
    acquire(origin, acquired) {
      const pool = poolOf(origin);
      const idle = newestUsable(pool, deps.tick());
      if (idle !== null) {
        acquired.ready(idle);
        return;
      }
      connectTo(origin, {
        connected: (socket, incoming) => acquired.ready(open(socket, incoming, { pool, deps })),
        failed: (error) => acquired.failed(error),
      });
    },
    giveBack: (origin, connection) => keep(poolOf(origin), connection),
    keepOnly(origins) {
      for (const [origin, pool] of pools) {
        pool.isKept = origins.has(origin);
        if (pool.isKept) continue;
        pools.delete(origin);
        closeIdle(pool);
      }
    },
    sweep() {
      const now = deps.tick();
      for (const pool of pools.values()) {
        const old = pool.idle.filter((connection) => !connection.isUsable(now));
        for (const connection of old) connection.destroy();
      }
    },
    close() {
      for (const pool of pools.values()) closeIdle(pool);
    },
    counts: () => new Map([...pools].map(([origin, { open, idle }]) => [origin, { open, idle: idle.length }])),
  };
}

function open(
  socket: Socket,
  incoming: Incoming,
  { pool, deps }: { readonly pool: Pool; readonly deps: UpstreamPoolsDeps },
): UpstreamConnection {
  pool.open += 1;
  return new UpstreamConnection(socket, incoming, {
    ...deps,
    onIdle: (connection) => keep(pool, connection),
    onClose(connection) {
      pool.open -= 1;
      const at = pool.idle.indexOf(connection);
      if (at >= 0) pool.idle.splice(at, 1);
    },
  });
}

/** The one used last: the others come of age, so that a burst does not keep its connections for ever. */
function newestUsable(pool: Pool, now: number): UpstreamConnection | null {
  for (let connection = pool.idle.pop(); connection !== undefined; connection = pool.idle.pop()) {
    if (connection.isUsable(now)) return connection;
    connection.destroy();
  }
  return null;
}

function keep(pool: Pool, connection: UpstreamConnection): void {
  if (pool.isKept) pool.idle.push(connection);
  else connection.destroy();
}

function closeIdle(pool: Pool): void {
  for (const connection of pool.idle.splice(0)) connection.destroy();
}
