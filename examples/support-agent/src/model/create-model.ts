import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import { createKeepAliveFetch } from "./keep-alive-fetch.ts";

export type ModelOptions = { readonly baseUrl: string; readonly apiKey: string | null; readonly name: string };

export function createModel({ baseUrl, apiKey, name }: ModelOptions): LanguageModel {
  const provider = createOpenAICompatible({
    name: "openai-compatible",
    baseURL: baseUrl,
    includeUsage: true,
    fetch: createKeepAliveFetch(),
    ...(apiKey === null ? {} : { apiKey }),
  });
  return provider(name);
}
