import type { ModelName, PriceList } from "./price-list.ts";
import type { ModelPrice } from "./price-table.ts";
import type { SessionMeasures } from "./session-measures.ts";
import type { Span, TokenUsage } from "./span.ts";

/** Stands for the model of a call that nobody named. */
const UNNAMED = "(unnamed)";

/**
 * What the model calls cost by their tokens, each priced by itself. `ownModel`: the release's, for calls that name none.
 * Null when a model has no price, when nobody told of a model call, and when none told of tokens.
 */
export function measureCost(
  calls: readonly Span[],
  { prices, ownModel }: { readonly prices: PriceList; readonly ownModel: ModelName | null },
): Pick<SessionMeasures, "costUsd" | "unpricedModels"> {
  const unpriced = new Set<string>();
  let costUsd: number | null = null;
  for (const call of calls) {
    // A call that failed, or broke off, tells of no tokens: what it cost is not known, and mostly nothing.
    if (call.inputTokens + call.outputTokens === 0) continue;
    const name = call.model === null ? ownModel : { provider: call.provider, model: call.model };
    const price = name === null ? null : prices.priceOf(name);
    if (price === null) unpriced.add(name?.model ?? UNNAMED);
    else costUsd = (costUsd ?? 0) + costOf(call, price);
  }
  return { costUsd: unpriced.size > 0 ? null : costUsd, unpricedModels: [...unpriced].toSorted() };
}

function costOf(usage: TokenUsage, price: ModelPrice): number {
  const { above } = price;
  const rates = above !== undefined && usage.inputTokens > above.inputTokens ? above : price;
  const { input, cachedInput = input, cacheWriteInput = input, output } = rates;
  const { cachedInputTokens, cacheWriteInputTokens } = usage;
  const freshTokens = Math.max(0, usage.inputTokens - cachedInputTokens - cacheWriteInputTokens);
  const millionths =
    freshTokens * input +
    cachedInputTokens * cachedInput +
    cacheWriteInputTokens * cacheWriteInput +
    usage.outputTokens * output;
  return millionths / 1_000_000;
}
