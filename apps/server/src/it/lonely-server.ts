import { createMemoryRegistry, createMemoryTargetProbe, createMemoryTransactionStore } from "@perch/adapters/in-memory";
import { createArgumentSchemas } from "@perch/adapters/json-schema";
import { createReleaseContentSource, createReleaseFactsSource } from "@perch/adapters/release-artifact";
import { createPriceList } from "@perch/domain";
import type { ServerDeps } from "../create-server.ts";

type Outside = Pick<
  ServerDeps,
  "transactions" | "contents" | "facts" | "argumentSchemas" | "prices" | "sentiment" | "probe" | "now" | "tick"
>;

/** What a server on a made-up clock has of the world around it: empty stores, no prices, and whoever is asked answers. */
export function lonelyServer(now: () => number): Outside {
  return {
    transactions: createMemoryTransactionStore(),
    contents: createReleaseContentSource(createMemoryRegistry()),
    facts: createReleaseFactsSource(createMemoryRegistry()),
    argumentSchemas: createArgumentSchemas(),
    prices: createPriceList([]),
    sentiment: { scoreOf: () => 0 },
    probe: createMemoryTargetProbe(new Set()),
    now,
    tick: now,
  };
}
