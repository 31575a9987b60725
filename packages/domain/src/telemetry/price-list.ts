import type { ModelPrice, PriceTable } from "./price-table.ts";

/** A model as a span or a release names it. */
export type ModelName = { readonly provider: string | null; readonly model: string };

/** Finds what a model costs. Null: it is in no table, which is never the same as free. */
export type PriceList = { priceOf(name: ModelName): ModelPrice | null };

/** Of several tables the first that has a provider's model decides on it. */
export function createPriceList(tables: readonly PriceTable[]): PriceList {
  const byModel = new Map<string, ModelPrice[]>();
  const sellers = new Map<string, Set<string>>();
  for (const { prices, providers = {} } of tables) {
    for (const [provider, names] of Object.entries(providers)) addSellers(sellers, provider, names);
    for (const price of prices) addPrice(byModel, price);
  }
  return {
    priceOf({ provider, model }) {
      for (const name of namesOf(model)) {
        const priced = byModel.get(name) ?? [];
        const own = provider === null ? priced : priced.filter((price) => isSoldBy(price, provider, sellers));
        // Sold by several at different prices, and nobody said by whom: then it is not known.
        if (own.length === 1) return own[0] ?? null;
      }
      return null;
    },
  };
}

function addSellers(sellers: Map<string, Set<string>>, provider: string, names: readonly string[]): void {
  const known = sellers.get(provider.toLowerCase()) ?? new Set();
  for (const name of names) known.add(name.toLowerCase());
  sellers.set(provider.toLowerCase(), known);
}

function addPrice(byModel: Map<string, ModelPrice[]>, price: ModelPrice): void {
  const model = price.model.toLowerCase();
  const known = byModel.get(model) ?? [];
  const isKnown = known.some(({ provider }) => provider.toLowerCase() === price.provider.toLowerCase());
  if (!isKnown) byModel.set(model, [...known, price]);
}

function isSoldBy(
  { provider }: ModelPrice,
  seller: string,
  sellers: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const [own, asked] = [provider.toLowerCase(), seller.toLowerCase()];
  return own === asked || sellers.get(own)?.has(asked) === true;
}

// What clouds and routers put around a model's name: `models/…`, `us.anthropic.…-v1:0`, `openai/…`.
const BEFORE = /^(?:.*\/)?(?:(?:us|eu|ap|apac|jp|au|global)\.)?(?:anthropic\.)?/;
const BEDROCK_VERSION = /-v\d+(?::\d+)?$/;
// `-2024-08-06`, `-20250929`, `@20250929`, `-001`, `-latest`
const DATE = /(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|0\d{2}|[01]\d[0-3]\d|latest|default))$/;

/** The names to look for, the most exact first. */
function namesOf(model: string): readonly string[] {
  const exact = model.toLowerCase().trim();
  const bare = exact.replace(BEFORE, "").replace(BEDROCK_VERSION, "");
  return [...new Set([exact, bare, bare.replace(DATE, "")])];
}
