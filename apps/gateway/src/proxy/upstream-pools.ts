import { Pool, type Dispatcher } from "undici";

/** One pool of kept-alive connections for each origin of the table. */
export type UpstreamPools = {
  of(origin: string): Dispatcher;
  /** Closes the pools of every other origin once their requests are done. */
  keepOnly(origins: ReadonlySet<string>): void;
  close(): Promise<void>;
};

const CONNECT_TIMEOUT_MS = 5000;

export function createUpstreamPools(): UpstreamPools {
  const pools = new Map<string, Pool>();
  return {
    of(origin) {
      const known = pools.get(origin);
      if (known !== undefined) return known;
      // As many connections as there are streams at once: a waiting queue would look like a slow agent.
      const pool = new Pool(origin, { connections: null, pipelining: 1, connect: { timeout: CONNECT_TIMEOUT_MS } });
      pools.set(origin, pool);
      return pool;
    },
    keepOnly(origins) {
      for (const [origin, pool] of pools) {
        if (origins.has(origin)) continue;
        pools.delete(origin);
        void pool.close();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
