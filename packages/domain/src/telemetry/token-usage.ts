import { firstCount, type Attributes } from "./raw-span.ts";
import type { TokenUsage } from "./span.ts";

/** Which parts a reporter counts beside the whole instead of within it. */
export type CountedApart = { readonly cache?: boolean; readonly reasoning?: boolean };

/** Whole counts out of reported ones. A part that is larger than its whole gives away that it was counted apart. */
export function wholeUsage(reported: TokenUsage, apart: CountedApart = {}): TokenUsage {
  const { inputTokens, outputTokens, reasoningTokens } = reported;
  const cached = reported.cachedInputTokens + reported.cacheWriteInputTokens;
  const isCacheApart = apart.cache === true || cached > inputTokens;
  const isReasoningApart = apart.reasoning === true || reasoningTokens > outputTokens;
  return {
    ...reported,
    inputTokens: isCacheApart ? inputTokens + cached : inputTokens,
    outputTokens: isReasoningApart ? outputTokens + reasoningTokens : outputTokens,
  };
}

// In the order of age, newest first: an instrumentation in transition sends both.
const INPUT = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"];
const OUTPUT = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"];
const CACHED = [
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_read_input_tokens",
  "gen_ai.usage.cached_input_tokens",
  "gen_ai.usage.input_tokens.cached",
];
const CACHE_WRITE = [
  "gen_ai.usage.cache_write.input_tokens",
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.cache_creation_input_tokens",
  "gen_ai.usage.cache_write_input_tokens",
];
const REASONING = [
  "gen_ai.usage.reasoning.output_tokens",
  "gen_ai.usage.reasoning_tokens",
  "gen_ai.usage.reasoning_output_tokens",
  "gen_ai.usage.experimental.reasoning_tokens",
  "llm.usage.reasoning_tokens",
];

/** The counts under `gen_ai.usage.*`, in all the names they have had. */
export function genAiUsage(attributes: Attributes, apart: CountedApart = {}): TokenUsage {
  return wholeUsage(
    {
      inputTokens: firstCount(attributes, INPUT),
      outputTokens: firstCount(attributes, OUTPUT),
      cachedInputTokens: firstCount(attributes, CACHED),
      cacheWriteInputTokens: firstCount(attributes, CACHE_WRITE),
      reasoningTokens: firstCount(attributes, REASONING),
    },
    apart,
  );
}
