import { expect, test } from "vitest";
import { createPriceList } from "./price-list.ts";
import { readPriceTable, type PriceTable } from "./price-table.ts";

function aTable(prices: PriceTable["prices"], change: Partial<PriceTable> = {}): PriceTable {
  return { version: "1", currency: "USD", prices, ...change };
}

const price = (provider: string, model: string, input: number) => ({ provider, model, input, output: 1 });
const list = createPriceList([
  aTable(
    [
      price("openai", "gpt-4o", 2.5),
      price("openai", "gpt-4o-2024-05-13", 5),
      price("anthropic", "claude-sonnet-4-5", 3),
      price("google", "gemini-2.0-flash", 0.1),
      price("here", "llama", 1),
      price("there", "llama", 2),
    ],
    {
      providers: {
        openai: ["azure.ai.openai"],
        anthropic: ["aws.bedrock", "gcp.vertex_ai"],
        google: ["gcp.vertex_ai"],
      },
    },
  ),
]);
const inputOf = (provider: string | null, model: string) => list.priceOf({ provider, model })?.input ?? null;

test.each([
  ["openai", "gpt-4o", 2.5],
  ["OpenAI", "GPT-4o", 2.5],
  ["openai", "gpt-4o-2024-08-06", 2.5],
  ["openai", "gpt-4o-2024-05-13", 5],
  ["azure.ai.openai", "gpt-4o-2024-11-20", 2.5],
  [null, "openai/gpt-4o", 2.5],
  ["anthropic", "claude-sonnet-4-5-20250929", 3],
  ["gcp.vertex_ai", "claude-sonnet-4-5@20250929", 3],
  ["aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3],
  ["gcp.vertex_ai", "publishers/google/models/gemini-2.0-flash-001", 0.1],
  ["google", "models/gemini-2.0-flash", 0.1],
])("%s, %s costs %s", (provider, model, input) => {
  expect(inputOf(provider, model)).toBe(input);
});

test.each([
  ["openai", "gpt-4o-mini"],
  ["openai", "gpt-4o-audio-preview"],
  ["openai", "gpt-4"],
  ["openai-compatible", "gpt-4o"],
  ["openai", ""],
  [null, "llama"],
])("%s, %s has no price", (provider, model) => {
  expect(inputOf(provider, model)).toBeNull();
});

test("of two who sell a model, the one that is named decides", () => {
  expect([inputOf("here", "llama"), inputOf("there", "llama")]).toEqual([1, 2]);
});

test("a table that goes before another replaces its models and leaves the rest", () => {
  const own = createPriceList([
    aTable([price("openai", "gpt-4o", 1)]),
    aTable([price("openai", "gpt-4o", 2.5), price("openai", "o3", 2)]),
  ]);
  expect(own.priceOf({ provider: "openai", model: "gpt-4o" })?.input).toBe(1);
  expect(own.priceOf({ provider: "openai", model: "o3" })?.input).toBe(2);
});

test("everything that is wrong with a table is told with its place", () => {
  const reading = readPriceTable({
    version: "1",
    currency: "EUR",
    prices: [{ provider: "p", model: "m", input: -1, output: 1, per: 1000 }],
  });
  expect(reading).toMatchObject({ kind: "invalid" });
  const paths = reading.kind === "invalid" ? reading.problems.map(({ path }) => path.join(".")) : [];
  expect(paths.toSorted()).toEqual(["currency", "prices.0", "prices.0.input"]);
});

test("a model that is priced twice is refused", () => {
  const twice = aTable([price("openai", "gpt-4o", 1), price("OpenAI", "GPT-4o", 2)]);
  expect(readPriceTable(twice)).toMatchObject({
    problems: [{ path: ["prices", 1], message: 'found the model "GPT-4o" of "OpenAI" twice, expected it once' }],
  });
});
